namespace IlZo.Gguf;

/// <summary>
/// Writes the format that llama.cpp and programs around it read, version 3.
/// Source: ggml-org/ggml docs/gguf.md.
/// </summary>
internal static class GgufWriter
{
    private const uint Version = 3;
    private const int Alignment = 32;
    private const int BufferBytes = 1 << 20;

    /// <summary>Writes a file.</summary>
    /// <param name="stream">Receives it, from its beginning.</param>
    /// <param name="metadata">What is said of the model.</param>
    /// <param name="tensors">Its tensors.</param>
    /// <param name="matrices">The type in which matrices are kept.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">A number is outside the range of the type.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static void Write(
        Stream stream, GgufMetadata metadata, IReadOnlyList<GgufTensor> tensors, GgufType matrices, CancellationToken cancellation)
    {
        var buffered = new BufferedStream(stream, BufferBytes);
        var writer = new BinaryWriter(buffered);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        writer.Write(metadata.Bytes.Span);
        long offset = 0;
        foreach (var tensor in tensors)
        {
            WriteInfo(writer, tensor, tensor.TypeFor(matrices), offset);
            offset = Aligned(checked(offset + tensor.Bytes(tensor.TypeFor(matrices))));
        }

        Pad(writer);
        foreach (var tensor in tensors)
        {
            cancellation.ThrowIfCancellationRequested();
            var type = tensor.TypeFor(matrices);
            float[] row = new float[tensor.Rows.Columns];
            byte[] bytes = new byte[checked((int)type.RowBytes(row.Length))];
            for (int r = 0; r < tensor.Rows.Rows; r++)
            {
                tensor.Rows.Read(r, row);
                GgufEncoding.Encode(type, row, bytes, tensor.Name);
                writer.Write(bytes);
            }

            Pad(writer);
        }

        writer.Flush();
    }

    // Dimensions go from the innermost outwards.
    private static void WriteInfo(BinaryWriter writer, GgufTensor tensor, GgufType type, long offset)
    {
        long[] dimensions = tensor.IsVector ? [tensor.Rows.Columns] : [tensor.Rows.Columns, tensor.Rows.Rows];
        GgufMetadata.WriteText(writer, tensor.Name);
        writer.Write((uint)dimensions.Length);
        foreach (long dimension in dimensions)
        {
            writer.Write((ulong)dimension);
        }

        writer.Write((uint)(int)type);
        writer.Write((ulong)offset);
    }

    private static long Aligned(long bytes) => checked(bytes + Alignment - 1) / Alignment * Alignment;

    // Data begin, and each tensor does, at a multiple of the alignment.
    private static void Pad(BinaryWriter writer)
    {
        long position = writer.BaseStream.Position;
        writer.Write(new byte[Aligned(position) - position]);
    }
}
