using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace IlZo.Checkpoints;

/// <summary>
/// Writes safetensors files: the header padded with spaces to a multiple of 8 bytes, then the tensors one after the other
/// in the given order. The weights go to the file straight from where they lie.
/// </summary>
internal static unsafe class SafetensorsWriter
{
    private const int ChunkBytes = 64 << 20;

    /// <summary>Writes a file atomically, see <see cref="AtomicFile"/>.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">The tensors in the order in which they shall lie in the file.</param>
    /// <param name="metadata">What goes under <c>__metadata__</c>, such as <c>format</c>: <c>pt</c>; left out when null.</param>
    /// <param name="cancellation">Ends the work between two tensors; the target is as it was.</param>
    /// <exception cref="ArgumentException">Two tensors have the same name, or one has the name of the metadata.</exception>
    /// <exception cref="IOException">Writing failed; the target is as it was.</exception>
    public static void Write(
        string path,
        IReadOnlyList<TensorEntry> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        CancellationToken cancellation = default) =>
        Write(path, tensors, metadata, Content(cancellation));

    /// <summary>Writes the elements of a tensor as they lie in memory.</summary>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    internal static Action<TensorEntry, Stream> Content(CancellationToken cancellation) => (tensor, stream) =>
    {
        cancellation.ThrowIfCancellationRequested();
        for (long offset = 0; offset < tensor.ByteCount; offset += ChunkBytes)
        {
            stream.Write(new ReadOnlySpan<byte>(tensor.Data + offset, (int)Math.Min(ChunkBytes, tensor.ByteCount - offset)));
        }
    };

    /// <summary>Writes a file whose elements are made as they are written; <paramref name="content"/> writes those of one tensor.</summary>
    internal static void Write(
        string path,
        IReadOnlyList<TensorEntry> tensors,
        IReadOnlyDictionary<string, string>? metadata,
        Action<TensorEntry, Stream> content)
    {
        byte[] header = Header(tensors, metadata);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var tensor in tensors)
            {
                content(tensor, stream);
            }
        });
    }

    private static byte[] Header(IReadOnlyList<TensorEntry> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write(new byte[sizeof(long)]);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            var entries = new Dictionary<string, string>(metadata ?? new Dictionary<string, string>(), StringComparer.Ordinal);
            foreach (var tensor in tensors.Where(t => StoredType.IsBlocked(t.Type)))
            {
                entries[SafetensorsHeader.BlocksKey + tensor.Name] = tensor.Type;
            }

            if (metadata != null || entries.Count > 0)
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach ((string key, string value) in entries)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            WriteTensors(json, tensors);
            json.WriteEndObject();
        }

        int padding = -buffer.WrittenCount & 7;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        byte[] header = buffer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - sizeof(long));
        return header;
    }

    private static void WriteTensors(Utf8JsonWriter json, IReadOnlyList<TensorEntry> tensors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { SafetensorsHeader.MetadataKey };
        long offset = 0;
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name))
            {
                throw new ArgumentException($"The tensor name '{tensor.Name}' is taken.", nameof(tensors));
            }

            bool isBlocked = StoredType.IsBlocked(tensor.Type);
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", isBlocked ? "U8" : tensor.Type);
            json.WriteStartArray("shape");
            foreach (long dimension in isBlocked ? [tensor.Shape[0], tensor.ByteCount / tensor.Shape[0]] : tensor.Shape)
            {
                json.WriteNumberValue(dimension);
            }

            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            offset = checked(offset + tensor.ByteCount);
            json.WriteNumberValue(offset);
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }
}
