using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace IlZo.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    private readonly Dictionary<(IRotaryFrequencies Frequencies, int Shift), float[]> _rotations = [];

    public void Multiply(Activation x, Activation y)
    {
        var a = (CpuActivation)x;
        var b = (CpuActivation)y;
        a.Prepare(a.IsShared && b.IsShared, keep: true);
        _pool.Run(a.AllPanels, (panel, _) =>
        {
            var values = new Span<float>(a.At(panel), a.Features * Panel.Lanes);
            TensorPrimitives.Multiply(values, new ReadOnlySpan<float>(b.At(panel / b.Panels, panel % b.Panels), values.Length), values);
        });
    }

    public void Scale(Activation x, float factor)
    {
        var a = (CpuActivation)x;
        _pool.Run(a.AllPanels, (panel, _) =>
        {
            var values = new Span<float>(a.At(panel), a.Features * Panel.Lanes);
            TensorPrimitives.Multiply(values, factor, values);
        });
    }

    public void Rotate(Activation x, int heads, IRotaryFrequencies frequencies, int positionShift = 0)
    {
        var a = (CpuActivation)x;
        int size = a.Features / heads;
        int half = size / 2;
        float[] table = RotationTable(frequencies, half, positionShift);
        _pool.Run(a.AllPanels, (panel, _) =>
        {
            fixed (float* angles = table)
            {
                float* cos = angles + ((long)(panel % a.Panels) * 2 * half * Panel.Lanes);
                for (int head = 0; head < heads; head++)
                {
                    float* first = a.At(panel) + ((long)head * size * Panel.Lanes);
                    RotateHead(first, first + (half * Panel.Lanes), cos, cos + (half * Panel.Lanes), half * Panel.Lanes);
                }
            }
        });
    }

    private static void RotateHead(float* first, float* second, float* cos, float* sin, int count)
    {
        for (int i = 0; i < count; i += Vector512<float>.Count)
        {
            var a = Vector512.Load(first + i);
            var b = Vector512.Load(second + i);
            var c = Vector512.Load(cos + i);
            var s = Vector512.Load(sin + i);
            ((a * c) - (b * s)).Store(first + i);
            ((b * c) + (a * s)).Store(second + i);
        }
    }

    // [panel][cos, sin][pair][32 tokens], computed once for all layers of a pass. The angle is the fp32 product that the
    // reference library takes, so that long texts agree.
    private float[] RotationTable(IRotaryFrequencies frequencies, int half, int shift)
    {
        if (_rotations.TryGetValue((frequencies, shift), out float[]? table))
        {
            return table;
        }

        table = new float[CpuActivation.PanelsFor(_batch.Count) * 2 * half * Panel.Lanes];
        for (int t = 0; t < _batch.Count; t++)
        {
            var frequency = frequencies.ForLength(_batch.TextLengths[t] + shift);
            int at = (t / Panel.Lanes * 2 * half * Panel.Lanes) + (t % Panel.Lanes);
            for (int i = 0; i < half; i++, at += Panel.Lanes)
            {
                float angle = (_batch.Positions[t] + shift) * frequency[i];
                table[at] = MathF.Cos(angle) * frequencies.AttentionFactor;
                table[at + (half * Panel.Lanes)] = MathF.Sin(angle) * frequencies.AttentionFactor;
            }
        }

        return _rotations[(frequencies, shift)] = table;
    }

    private static void Apply(ActivationFunction function, Span<float> x)
    {
        switch (function)
        {
            case ActivationFunction.Relu:
                TensorPrimitives.Max(x, 0f, x);
                break;
            case ActivationFunction.Silu:
                TimesSigmoid(x, 1f);
                break;
            case ActivationFunction.QuickGelu:
                TimesSigmoid(x, 1.702f);
                break;
            case ActivationFunction.Tanh:
                TensorPrimitives.Tanh(x, x);
                break;
            case ActivationFunction.GeluTanh:
                for (int i = 0; i < x.Length; i++)
                {
                    float inner = MathF.Sqrt(2 / MathF.PI) * (x[i] + (0.044715f * x[i] * x[i] * x[i]));
                    x[i] = 0.5f * x[i] * (1 + MathF.Tanh(inner));
                }

                break;
            default:
                for (int i = 0; i < x.Length; i++)
                {
                    x[i] = (float)(0.5 * x[i] * ErrorFunction.Erfc(-x[i] / Math.Sqrt(2)));
                }

                break;
        }
    }

    // x·σ(s·x) = x / (1 + exp(−s·x)); for very negative x the exponential overflows and the quotient is −0, as it should be.
    private static void TimesSigmoid(Span<float> x, float s)
    {
        fixed (float* p = x)
        {
            for (int i = 0; i < x.Length; i += Vector512<float>.Count)
            {
                var value = Vector512.Load(p + i);
                (value / (Vector512<float>.One + Vector512.Exp(value * -s))).Store(p + i);
            }
        }
    }
}
