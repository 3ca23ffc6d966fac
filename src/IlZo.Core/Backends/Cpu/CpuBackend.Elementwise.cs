using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace IlZo.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    public void Multiply(Activation x, Activation y)
    {
        using var use = EnterPass();
        var a = Own(x);
        var b = Own(y);
        Fit.Same(a, b);
        a.Prepare(a.IsShared && b.IsShared, keep: true);
        _pool.Run(a.AllPanels, new MultiplyWork(a, b));
    }

    public void Scale(Activation x, float factor)
    {
        using var use = EnterPass();
        var a = Own(x);
        a.Prepare(a.IsShared, keep: true);
        _pool.Run(a.AllPanels, new ScaleWork(a, factor));
    }

    public void Rotate(Activation x, int heads, IRotaryFrequencies frequencies, int positionShift = 0)
    {
        using var use = EnterPass();
        var a = Own(x);
        a.Prepare(a.IsShared, keep: true);
        fixed (float* angles = _rotations.For(_batch, frequencies, a.Features / heads / 2, positionShift))
        {
            _pool.Run(a.AllPanels, new RotateWork(a, heads, angles));
        }
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

    private readonly struct MultiplyWork(CpuActivation x, CpuActivation y) : IWork
    {
        public void Do(int item, int worker)
        {
            var values = new Span<float>(x.At(item), x.Features * Panel.Lanes);
            TensorPrimitives.Multiply(values, new ReadOnlySpan<float>(y.At(item / y.Panels, item % y.Panels), values.Length), values);
        }
    }

    private readonly struct ScaleWork(CpuActivation x, float factor) : IWork
    {
        public void Do(int item, int worker)
        {
            var values = new Span<float>(x.At(item), x.Features * Panel.Lanes);
            TensorPrimitives.Multiply(values, factor, values);
        }
    }

    private readonly struct RotateWork(CpuActivation x, int heads, float* angles) : IWork
    {
        public void Do(int item, int worker)
        {
            int size = x.Features / heads;
            int half = size / 2;
            float* cos = angles + ((long)(item % x.Panels) * 2 * half * Panel.Lanes);
            for (int head = 0; head < heads; head++)
            {
                float* first = x.At(item) + ((long)head * size * Panel.Lanes);
                RotateHead(first, first + (half * Panel.Lanes), cos, cos + (half * Panel.Lanes), half * Panel.Lanes);
            }
        }
    }
}
