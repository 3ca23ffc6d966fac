using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Vectors;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// A pass in forward mode: the first part of an activation are its values, with the bits of a plain pass, and the second their tangents,
/// the derivatives along the probe's direction. Weights are read with the direction's elements as their tangents. An activation that is
/// shared has the tangent zero, which is not there. What is linear in its operands needs no form of its own.
/// Source of the idea: Baydin et al. 2022, Gradients without Backpropagation, arXiv 2202.08587; R. E. Wengert 1964.
/// </summary>
/// <param name="pass">Keeps the pass to itself.</param>
/// <param name="workspace">What it works with; no other pass does from here on.</param>
/// <param name="batch">The tokens.</param>
/// <param name="probes">A derivative.</param>
internal sealed unsafe partial class CpuTangentPass(
    PassGuard pass, CpuWorkspace workspace, TokenBatch batch, IReadOnlyList<Probe> probes) : CpuPass(pass, workspace, batch, probes, null)
{
    public override void Read(Activation x, int probe, Span<float> destination)
    {
        if (probe == 1 && Own(x).IsShared)
        {
            destination[..checked(x.Tokens * x.Features)].Clear();
        }
        else
        {
            base.Read(x, probe, destination);
        }
    }

    public override void Add(Activation x, Activation y)
    {
        using var use = EnterPass();
        var a = Own(x);
        var b = Own(y);
        Fit.Same(a, b);
        a.Prepare(a.IsShared && b.IsShared, keep: true);
        _pool.Run(b.AllPanels, new AddWork(a, b));
    }

    public override void Multiply(Activation x, Activation y)
    {
        using var use = EnterPass();
        var a = Own(x);
        var b = Own(y);
        Fit.Same(a, b);
        a.Prepare(a.IsShared && b.IsShared, keep: true);
        _pool.Run(a.Panels, new MultiplyWork(a, b));
    }

    public override void Apply(ActivationFunction function, Activation x)
    {
        using var use = EnterPass();
        var a = Own(x);
        a.Prepare(a.IsShared, keep: true);
        _pool.Run(a.Panels, new ApplyWork(a, function));
    }

    // The tangent of a stored table is added where y has one.
    private protected override PassPoints PointsOf(Parameter table, CpuActivation y) => y.IsShared ? PassPoints.Stored : _points;

    // ẏ = ẏ f′(y), y = f(y).
    private static void Apply(ActivationFunction function, float* values, float* tangents, int count)
    {
        switch (function)
        {
            case ActivationFunction.Relu:
                VectorWidth.Use(new SlopeWork<Relu>(values, tangents, count));
                break;
            case ActivationFunction.Silu:
                VectorWidth.Use(new SlopeWork<Silu>(values, tangents, count));
                break;
            case ActivationFunction.QuickGelu:
                VectorWidth.Use(new SlopeWork<QuickGelu>(values, tangents, count));
                break;
            case ActivationFunction.Tanh:
                VectorWidth.Use(new SlopeWork<Tanh>(values, tangents, count));
                break;
            case ActivationFunction.GeluTanh:
                VectorWidth.Use(new SlopeWork<GeluTanh>(values, tangents, count));
                break;
            default:
                VectorWidth.Use(new SlopeWork<Gelu>(values, tangents, count));
                break;
        }

        Apply(function, new Span<float>(values, count));
    }

    // ẋ = ẋ(1 − tanh²(x/c)), x = c · tanh(x/c).
    private static void Cap(float softCap, float* values, float* tangents, int count)
    {
        VectorWidth.Use(new CapSlopeWork(softCap, values, tangents, count));
        Cap(softCap, values, count);
    }

    // Whole panels: their length is a multiple of every width.
    private readonly struct SlopeWork<TFunction>(float* values, float* tangents, int count) : IVectorWork
        where TFunction : struct, IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            for (int i = 0; i < count; i += TSimd.Width)
            {
                var slope = TFunction.Slope<TVector, TSimd>(TSimd.Load(values + i));
                TSimd.Store(TSimd.Multiply(slope, TSimd.Load(tangents + i)), tangents + i);
            }
        }
    }

    private readonly struct CapSlopeWork(float softCap, float* values, float* tangents, int count) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            var cap = TSimd.Broadcast(softCap);
            for (int i = 0; i < count; i += TSimd.Width)
            {
                var slope = Tanh.Slope<TVector, TSimd>(TSimd.Divide(TSimd.Load(values + i), cap));
                TSimd.Store(TSimd.Multiply(slope, TSimd.Load(tangents + i)), tangents + i);
            }
        }
    }

    private readonly struct AddWork(CpuActivation x, CpuActivation y) : IWork
    {
        public void Do(int item, int worker)
        {
            var values = new Span<float>(x.At(item), x.Features * Panel.Lanes);
            TensorPrimitives.Add(values, new ReadOnlySpan<float>(y.At(item), values.Length), values);
        }
    }

    private readonly struct MultiplyWork(CpuActivation x, CpuActivation y) : IWork
    {
        public void Do(int item, int worker)
        {
            int count = x.Features * Panel.Lanes;
            var values = new Span<float>(x.At(0, item), count);
            var others = new ReadOnlySpan<float>(y.At(0, item), count);
            if (!x.IsShared)
            {
                var tangents = new Span<float>(x.At(1, item), count);
                TensorPrimitives.Multiply(tangents, others, tangents);
                if (!y.IsShared)
                {
                    TensorPrimitives.FusedMultiplyAdd(values, new ReadOnlySpan<float>(y.At(1, item), count), tangents, tangents);
                }
            }

            TensorPrimitives.Multiply(values, others, values);
        }
    }

    private readonly struct ApplyWork(CpuActivation x, ActivationFunction function) : IWork
    {
        public void Do(int item, int worker)
        {
            if (x.IsShared)
            {
                Apply(function, new Span<float>(x.At(item), x.Features * Panel.Lanes));
            }
            else
            {
                Apply(function, x.At(0, item), x.At(1, item), x.Features * Panel.Lanes);
            }
        }
    }
}
