using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>The rule of <see cref="HiZoo"/>, given z: H ← (1 − α)H + α s H∘z², θ ← θ − η(c z∘H^−½ + λθ). It keeps H − 1.</summary>
internal sealed class DiagonalScaling : UpdateRule
{
    private readonly double _alpha;

    /// <param name="settings">The tensors and λ.</param>
    /// <param name="alpha">α; with 0 nothing is learned.</param>
    public DiagonalScaling(OptimizerSettings settings, double alpha)
        : this(settings.WeightDecay, alpha, new ParameterState(settings.Parameters.Trained))
    {
    }

    private DiagonalScaling(WeightDecay weightDecay, double alpha, ParameterState excess)
        : base(weightDecay)
    {
        _alpha = alpha;
        Excess = excess;
    }

    /// <summary>The least H − 1: where no curvature is ever seen, rounding would take H to 0.</summary>
    internal const float Least = 1e-6f - 1;

    public override long StateBytes => Excess.ByteCount;

    /// <summary>c.</summary>
    public double Coefficient { get; init; }

    /// <summary>s.</summary>
    public double Curvature { get; init; }

    /// <summary>H − 1.</summary>
    internal ParameterState Excess { get; }

    /// <summary>The rule of a step, with the same H. It is not disposed of.</summary>
    public DiagonalScaling OfStep(double coefficient, double curvature) =>
        new(WeightDecay, _alpha, Excess) { Coefficient = coefficient, Curvature = curvature };

    public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor) =>
        visitor.Visit(
            new DiagonalLaw<T, TMath>((float)_alpha, (float)(_alpha * Curvature), (float)Coefficient, step), ElementNumbers.Of(Excess));

    // With H as it is before the update, from which the new one differs by α.
    internal override GradientEstimate EstimateOf(GradientEstimate given) =>
        new([(Coefficient, new InverseRootDirection(given.Terms[0].Direction, Excess))]);

    protected override void Dispose(bool disposing) => Excess.Dispose();
}

/// <summary>e ← e + (1 + e)(gz² − α), θ ← kθ − η c z/√(1 + e), where z is given in the place of a gradient.</summary>
internal readonly struct DiagonalLaw<T, TMath> : IUpdateLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly float _decay;
    private readonly float _growth;
    private readonly float _coefficient;
    private readonly StepLaw<T, TMath> _step;

    /// <param name="decay">α; with 0 nothing is learned.</param>
    /// <param name="growth">g.</param>
    /// <param name="coefficient">c.</param>
    /// <param name="step">k and η.</param>
    public DiagonalLaw(float decay, float growth, float coefficient, StepLaw<T, TMath> step)
    {
        (_decay, _growth, _coefficient) = (decay, growth, coefficient);
        _step = step;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UpdatedElement<T> Apply(UpdatedElement<T> element)
    {
        var (z, excess) = (element.Gradient, element.First);
        if (_decay != 0)
        {
            // In terms of e = H − 1.
            var change = TMath.FusedMultiplyAdd(TMath.Multiply(z, TMath.Broadcast(_growth)), z, TMath.Broadcast(-_decay));
            excess = TMath.Add(excess, TMath.FusedMultiplyAdd(excess, change, change));
            excess = TMath.Max(excess, TMath.Broadcast(DiagonalScaling.Least));
            element.First = excess;
        }

        var scaled = TMath.Divide(z, TMath.Sqrt(TMath.Add(excess, TMath.Broadcast(1))));
        element.Weight = _step.Move(element.Weight, TMath.Multiply(scaled, TMath.Broadcast(_coefficient)));
        return element;
    }
}
