using IlZo.Checkpoints;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Core.Tests.Models;

/// <summary>A Hugging Face folder with random F32 weights.</summary>
internal static unsafe class RandomCheckpoint
{
    /// <summary>Writes config.json and model.safetensors.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="tensors">Names and shapes; the elements of norms lie around 1.</param>
    public static void Write(string folder, string config, IEnumerable<(string Name, long[] Shape)> tensors)
    {
        File.WriteAllText(Path.Combine(folder, CheckpointFolder.ConfigFileName), config);
        var memory = new List<IDisposable>();
        var entries = new List<TensorEntry>();
        foreach (var (name, shape) in tensors)
        {
            long count = shape.Aggregate(1L, (a, b) => a * b);
            var buffer = new NativeBuffer(count * sizeof(float));
            memory.Add(buffer);
            var values = new Span<float>(buffer.Data, (int)count);
            NoiseField.FillNormal(new NoiseKey(9, NoiseStream.Direction, 0, 0), entries.Count, 0, values);
            bool isNorm = name.Contains("norm", StringComparison.Ordinal);
            double scale = shape.Length == 2 ? 1.5 / Math.Sqrt(shape[1]) : 0.3;
            foreach (ref float value in values)
            {
                value = (float)((value * scale) + (isNorm ? 1 : 0));
            }

            entries.Add(new TensorEntry(string.Empty, name, "F32", shape, buffer.Data));
        }

        SafetensorsWriter.Write(Path.Combine(folder, CheckpointFolder.SingleFileName), entries);
        memory.ForEach(m => m.Dispose());
    }
}
