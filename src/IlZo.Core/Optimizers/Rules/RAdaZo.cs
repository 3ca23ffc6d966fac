using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// R-AdaZO (arXiv 2502.01014): Adam whose second moment is that of the first one, which has less variance than the estimate.
/// m ← β₁m + (1 − β₁)ĝ, v ← β₂v + (1 − β₂)m², θ ← θ − η(m/√(v + ζ) + λθ), without corrections of the start:
/// the first step is 1/√(1 − β₂) long in every element, ten times that of Adam. β₁ = 0.9 and ζ = 1e-8 are Adam's; β₂ = 0.99 is what others
/// who ran the method quote of its paper, which we have not seen.
/// </summary>
/// <remarks>Cost: nothing in forwards and noise; 8 bytes for each weight.</remarks>
/// <param name="settings">The tensors and λ; the options beta1, beta2 and zeta (ζ).</param>
internal sealed class RAdaZo(OptimizerSettings settings) : UpdateRule(settings.WeightDecay)
{
    private readonly float _beta1 = (float)settings.Options.Number("beta1", 0.9, 0, 0.999999);
    private readonly float _beta2 = (float)settings.Options.Number("beta2", 0.99, 0, 0.999999);
    private readonly float _zeta = (float)settings.Options.Number("zeta", 1e-8, 1e-30);
    private readonly ParameterState _m = new(settings.Parameters.Trained);
    private readonly ParameterState _v = new(settings.Parameters.Trained);

    public override long StateBytes => _m.ByteCount + _v.ByteCount;

    internal override bool FollowsFromRecords => true;

    public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor) =>
        visitor.Visit(new RAdaZoLaw<T, TMath>(_beta1, _beta2, _zeta, step), ElementNumbers.Of(_m), ElementNumbers.Of(_v));

    protected override void Dispose(bool disposing)
    {
        _m.Dispose();
        _v.Dispose();
    }
}

/// <summary>m ← β₁m + (1 − β₁)ĝ, v ← β₂v + (1 − β₂)m², θ ← kθ − η m/√(v + ζ).</summary>
internal readonly struct RAdaZoLaw<T, TMath> : IUpdateLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly float _beta1;
    private readonly float _rest1;
    private readonly float _beta2;
    private readonly float _rest2;
    private readonly float _zeta;
    private readonly StepLaw<T, TMath> _step;

    /// <param name="beta1">β₁.</param>
    /// <param name="beta2">β₂.</param>
    /// <param name="zeta">ζ.</param>
    /// <param name="step">k and η.</param>
    public RAdaZoLaw(float beta1, float beta2, float zeta, StepLaw<T, TMath> step)
    {
        (_beta1, _rest1, _beta2, _rest2, _zeta) = (beta1, 1 - beta1, beta2, 1 - beta2, zeta);
        _step = step;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UpdatedElement<T> Apply(UpdatedElement<T> element)
    {
        var m = TMath.FusedMultiplyAdd(element.Gradient, TMath.Broadcast(_rest1), TMath.Multiply(element.First, TMath.Broadcast(_beta1)));
        var v = TMath.FusedMultiplyAdd(
            TMath.Multiply(m, m), TMath.Broadcast(_rest2), TMath.Multiply(element.Second, TMath.Broadcast(_beta2)));
        element.First = m;
        element.Second = v;
        element.Weight = _step.Move(element.Weight, TMath.Divide(m, TMath.Sqrt(TMath.Add(v, TMath.Broadcast(_zeta)))));
        return element;
    }
}
