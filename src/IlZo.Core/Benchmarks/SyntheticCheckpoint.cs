using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Benchmarks;

/// <summary>
/// Checkpoints of published shapes with random weights, for measuring time and memory where the real ones are not at hand.
/// </summary>
internal static class SyntheticCheckpoint
{
    private const long OutlinePart = 5L << 30;

    /// <summary>The published shapes by name.</summary>
    public static IReadOnlyList<string> Shapes => SyntheticShape.Published;

    /// <summary>Tiny shapes by name, one of each family: random weights of the size that tells their logits apart.</summary>
    public static IReadOnlyList<string> TinyShapes => SyntheticShape.Tiny;

    /// <summary>Writes config.json and model.safetensors in fp16. Takes a few megabytes of memory whatever the shape is.</summary>
    /// <param name="shape">One of <see cref="Shapes"/> or <see cref="TinyShapes"/>.</param>
    /// <param name="folder">The folder to write to; created where needed.</param>
    /// <param name="blocks">What matrices are stored in; null for fp16.</param>
    /// <exception cref="InvalidInputException">There is no such shape.</exception>
    public static void Write(string shape, string folder, DType? blocks = null)
    {
        var synthetic = Of(shape, blocks);
        WriteConfig(synthetic, folder);
        int written = 0;
        WriteFile(
            folder,
            CheckpointFolder.SingleFileName,
            synthetic.Tensors,
            (tensor, stream) => WriteRandom(tensor, synthetic.Deviation, written++, stream));
    }

    /// <summary>
    /// Writes the same without the numbers of matrices, which takes no room on disks whose files may have holes; in parts that can be
    /// mapped where the whole is larger than the memory.
    /// </summary>
    /// <inheritdoc cref="Write(string, string, DType?)"/>
    public static void WriteOutline(string shape, string folder, DType? blocks = null)
    {
        var synthetic = Of(shape, blocks);
        WriteConfig(synthetic, folder);
        var parts = new List<List<TensorEntry>> { new() };
        foreach (var tensor in synthetic.Tensors)
        {
            if (parts[^1].Sum(t => t.ByteCount) + tensor.ByteCount > OutlinePart)
            {
                parts.Add([]);
            }

            parts[^1].Add(tensor);
        }

        var map = new JsonObject();
        int written = 0;
        for (int i = 0; i < parts.Count; i++)
        {
            string name = $"model-{i + 1:00000}-of-{parts.Count:00000}.safetensors";
            parts[i].ForEach(t => map.Add(t.Name, name));
            WriteFile(folder, name, parts[i], (tensor, stream) =>
            {
                if (tensor.Shape.Count == 1)
                {
                    WriteRandom(tensor, synthetic.Deviation, written, stream);
                }
                else
                {
                    stream.SetLength(stream.Seek(tensor.ByteCount, SeekOrigin.Current));
                }

                written++;
            });
        }

        AtomicFile.WriteAllText(Path.Combine(folder, ShardIndex.FileName), new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    private static SyntheticShape Of(string shape, DType? blocks) =>
        blocks is { } type ? SyntheticShape.Of(shape).In(type) : SyntheticShape.Of(shape);

    private static void WriteConfig(SyntheticShape shape, string folder)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.WriteAllText(Path.Combine(folder, CheckpointFolder.ConfigFileName), shape.Config);
    }

    private static void WriteFile(string folder, string name, IReadOnlyList<TensorEntry> tensors, Action<TensorEntry, Stream> content) =>
        SafetensorsWriter.Write(Path.Combine(folder, name), tensors, new Dictionary<string, string> { ["format"] = "pt" }, content);

    // The only vectors that are called weights are those of norms: they are near 1.
    private static unsafe void WriteRandom(TensorEntry tensor, float deviation, int id, Stream stream)
    {
        if (StoredType.TryGetDType(tensor.Type, out var type) && type.IsBlocked())
        {
            WriteBlocks(tensor, type, id, stream);
            return;
        }

        long count = tensor.ByteCount / 2;
        int chunk = (int)Math.Min(1 << 18, count);
        bool isNorm = tensor.Shape.Count == 1 && tensor.Name.EndsWith("weight", StringComparison.Ordinal);
        float[] values = new float[chunk];
        ushort[] halves = new ushort[chunk];
        ushort[] random = new ushort[chunk];
        for (long start = 0; start < count; start += chunk)
        {
            int length = (int)Math.Min(chunk, count - start);
            NoiseField.FillNormal(new NoiseKey(0, NoiseStream.Direction, 0, 0), id, start / NoiseField.Group, values.AsSpan(0, length));
            for (int i = 0; i < length; i++)
            {
                values[i] = (values[i] * deviation) + (isNorm ? 1 : 0);
            }

            fixed (float* v = values)
            fixed (ushort* r = random, h = halves)
            {
                StochasticRounding.Write(DType.F16, v, r, h, length);
            }

            stream.Write(MemoryMarshal.AsBytes(halves.AsSpan(0, length)));
        }
    }

    private static void WriteBlocks(TensorEntry tensor, DType type, int id, Stream stream)
    {
        byte[] row = new byte[type.Layout().Bytes(tensor.Shape[1])];
        for (int i = 0; i < tensor.Shape[0]; i++)
        {
            RandomBlocks.Fill(type, row, (uint)((id << 20) + i));
            stream.Write(row);
        }
    }
}
