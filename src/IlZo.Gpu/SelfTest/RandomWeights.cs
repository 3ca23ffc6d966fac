using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Gpu.SelfTest;

/// <summary>
/// Tensors with weights of the usual size, the same in every run. Those that cannot be in blocks where blocks are wanted are in fp32.
/// </summary>
internal static unsafe class RandomWeights
{
    private const float Scale = 0.1f;

    // Numbers that a thread makes at a time, whole groups.
    private const int PartCount = 1 << 14;

    public static ParameterSet Create(DType type, params IReadOnlyList<(string Name, long[] Shape)> tensors) =>
        Create(type, [.. tensors.Select(t => (t.Name, t.Shape, default(TensorRole)))]);

    public static ParameterSet Create(DType type, params IReadOnlyList<(string Name, long[] Shape, TensorRole Role)> tensors)
    {
        var memory = new List<IDisposable>();
        var parameters = new List<Parameter>();
        foreach (var (name, shape, role) in tensors)
        {
            int count = (int)shape.Aggregate((a, b) => a * b);
            var kept = !type.IsBlocked() || (shape.Length == 2 && shape[1] % type.Layout().BlockElements == 0) ? type : DType.F32;
            var buffer = new NativeBuffer(kept.Layout().Bytes(count));
            memory.Add(buffer);
            if (kept.IsBlocked())
            {
                RandomBlocks.Fill(kept, new Span<byte>(buffer.Data, (int)buffer.ByteCount), name[0]);
            }
            else
            {
                Parallel.For(0, (count + PartCount - 1) / PartCount, part => Fill(buffer, kept, name[0], part * PartCount, count));
            }

            parameters.Add(new Parameter(name, shape, kept, buffer.Data, role));
        }

        return new ParameterSet(parameters, memory);
    }

    private static void Fill(NativeBuffer buffer, DType type, int tensor, int first, int count)
    {
        float[] values = new float[Math.Min(PartCount, count - first)];
        NoiseField.FillNormal(new NoiseKey(7, NoiseStream.Initialization, 0, 0), tensor, first / NoiseField.Group, values);
        for (int i = 0; i < values.Length; i++)
        {
            if (type == DType.F32)
            {
                ((float*)buffer.Data)[first + i] = values[i] * Scale;
            }
            else
            {
                ((ushort*)buffer.Data)[first + i] = StochasticRounding.Round(type, values[i] * Scale, 0x800);
            }
        }
    }
}
