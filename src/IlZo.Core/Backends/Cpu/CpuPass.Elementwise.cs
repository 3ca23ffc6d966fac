using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Backends.Cpu;

internal unsafe partial class CpuPass
{
    // What is computed of pairs of elements, into the first.
    private delegate void Pairwise(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> destination);

    public virtual void Add(Activation x, Activation y) => Combine(x, y, TensorPrimitives.Add<float>);

    public virtual void Apply(ActivationFunction function, Activation x)
    {
        using var use = EnterPass();
        var a = Own(x);
        a.Prepare(a.IsShared, keep: true);
        _pool.Run(a.AllPanels, new ApplyWork(a, function));
    }

    public virtual void Multiply(Activation x, Activation y) => Combine(x, y, TensorPrimitives.Multiply<float>);

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
        Fit.Rotation(x, heads, frequencies.Pairs);
        fixed (float* angles = _workspace.Rotations.For(_batch, frequencies, positionShift))
        {
            _pool.Run(a.AllPanels, new RotateWork(a, heads, frequencies.Pairs, angles));
        }
    }

    private void Combine(Activation x, Activation y, Pairwise function)
    {
        using var use = EnterPass();
        var a = Own(x);
        var b = Own(y);
        Fit.Same(a, b);
        a.Prepare(a.IsShared && b.IsShared, keep: true);
        _pool.Run(a.AllPanels, new PairWork(a, b, function));
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

    private protected static void Apply(ActivationFunction function, Span<float> x)
    {
        switch (function)
        {
            case ActivationFunction.Relu:
                Apply<Relu>(x);
                break;
            case ActivationFunction.Silu:
                Apply<Silu>(x);
                break;
            case ActivationFunction.QuickGelu:
                Apply<QuickGelu>(x);
                break;
            case ActivationFunction.Tanh:
                Apply<Tanh>(x);
                break;
            case ActivationFunction.GeluTanh:
                Apply<GeluTanh>(x);
                break;
            default:
                Apply<Gelu>(x);
                break;
        }
    }

    private static void Apply<TFunction>(Span<float> x)
        where TFunction : struct, IActivation
    {
        fixed (float* p = x)
        {
            VectorWidth.Use(new ActivationWork<TFunction>(p, x.Length));
        }
    }

    // Where one token is computed, what does not fill a vector is computed number by number.
    private readonly struct ActivationWork<TFunction>(float* x, int count) : IVectorWork
        where TFunction : struct, IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            int whole = count / TSimd.Width * TSimd.Width;
            Apply<TVector, TSimd>(x, whole);
            Apply<float, Scalar>(x + whole, count - whole);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Apply<TVector, TSimd>(float* x, int count)
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            for (int i = 0; i < count; i += TSimd.Width)
            {
                TSimd.Store(TFunction.Of<TVector, TSimd>(TSimd.Load(x + i)), x + i);
            }
        }
    }

    // x = c · tanh(x / c).
    private protected static void Cap(float softCap, float* x, int count) => VectorWidth.Use(new CapWork(softCap, x, count));

    private readonly struct CapWork(float softCap, float* x, int count) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            int whole = count / TSimd.Width * TSimd.Width;
            Apply<TVector, TSimd>(x, whole);
            Apply<float, Scalar>(x + whole, count - whole);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Apply<TVector, TSimd>(float* x, int count)
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            var cap = TSimd.Broadcast(softCap);
            for (int i = 0; i < count; i += TSimd.Width)
            {
                TSimd.Store(TSimd.Multiply(cap, Tanh.Of<TVector, TSimd>(TSimd.Divide(TSimd.Load(x + i), cap))), x + i);
            }
        }
    }

    private readonly struct PairWork(CpuActivation x, CpuActivation y, Pairwise function) : IWork
    {
        public void Do(int item, int worker)
        {
            var values = new Span<float>(x.At(item), x.Features * Panel.Lanes);
            function(values, new ReadOnlySpan<float>(y.At(item / y.Panels, item % y.Panels), values.Length), values);
        }
    }

    private readonly struct ApplyWork(CpuActivation x, ActivationFunction function) : IWork
    {
        public void Do(int item, int worker) => Apply(function, new Span<float>(x.At(item), x.Features * Panel.Lanes));
    }

    private readonly struct ScaleWork(CpuActivation x, float factor) : IWork
    {
        public void Do(int item, int worker)
        {
            var values = new Span<float>(x.At(item), x.Features * Panel.Lanes);
            TensorPrimitives.Multiply(values, factor, values);
        }
    }

    private readonly struct RotateWork(CpuActivation x, int heads, int half, float* angles) : IWork
    {
        public void Do(int item, int worker)
        {
            int size = x.Features / heads;
            float* cos = angles + ((long)(item % x.Panels) * 2 * half * Panel.Lanes);
            for (int head = 0; head < heads; head++)
            {
                float* first = x.At(item) + ((long)head * size * Panel.Lanes);
                RotateHead(first, first + (half * Panel.Lanes), cos, cos + (half * Panel.Lanes), half * Panel.Lanes);
            }
        }
    }
}
