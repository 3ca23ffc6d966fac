using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Gpu.SelfTest;

/// <summary>Tensors with weights of the usual size, the same in every run.</summary>
internal static unsafe class RandomWeights
{
    private const float Scale = 0.1f;

    public static ParameterSet Create(DType type, params IReadOnlyList<(string Name, long[] Shape)> tensors) =>
        Create(type, [.. tensors.Select(t => (t.Name, t.Shape, default(TensorRole)))]);

    public static ParameterSet Create(DType type, params IReadOnlyList<(string Name, long[] Shape, TensorRole Role)> tensors)
    {
        var memory = new List<IDisposable>();
        var parameters = new List<Parameter>();
        foreach (var (name, shape, role) in tensors)
        {
            int count = (int)shape.Aggregate((a, b) => a * b);
            float[] values = new float[count];
            NoiseField.FillNormal(new NoiseKey(7, NoiseStream.Initialization, 0, 0), name[0], 0, values);
            var buffer = new NativeBuffer((long)count * type.Size());
            memory.Add(buffer);
            for (int i = 0; i < count; i++)
            {
                if (type == DType.F32)
                {
                    ((float*)buffer.Data)[i] = values[i] * Scale;
                }
                else
                {
                    ((ushort*)buffer.Data)[i] = StochasticRounding.Round(type, values[i] * Scale, 0x800);
                }
            }

            parameters.Add(new Parameter(name, shape, type, buffer.Data, role));
        }

        return new ParameterSet(parameters, memory);
    }
}
