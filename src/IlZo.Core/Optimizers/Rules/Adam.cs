using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// m ← β₁m + (1 − β₁)ĝ, v ← β₂v + (1 − β₂)ĝ², m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ), θ ← θ − η(m̂/(√v̂ + δ) + λθ), where t counts the
/// updates. ĝ is the mean over queries; hseung88/loren takes an Adam step for each query instead, which is the same with one.
/// With a zeroth-order ĝ all elements of v̂ tend to ‖g‖² + 2gᵢ²: in high dimension this is SGD with one adaptive rate η/‖g‖.
/// Source: Kingma and Ba 2015 as in princeton-nlp/MeZO (medium models), β₁ = 0.9, β₂ = 0.999, δ = 1e-8.
/// </summary>
/// <remarks>Cost: nothing in forwards and noise; 8 bytes for each weight.</remarks>
/// <param name="parameters">The tensors that are trained.</param>
/// <param name="beta1">β₁.</param>
/// <param name="beta2">β₂.</param>
/// <param name="delta">δ.</param>
/// <param name="weightDecay">λ.</param>
public sealed class Adam(
    IReadOnlyList<Parameter> parameters, double beta1, double beta2, double delta, WeightDecay weightDecay) : UpdateRule(weightDecay)
{
    private readonly ParameterState _m = new(parameters);
    private readonly ParameterState _v = new(parameters);

    // β₁ᵗ and β₂ᵗ as products: the same on every machine, which powers need not be.
    private double _decay1 = 1;
    private double _decay2 = 1;

    /// <inheritdoc/>
    public override long StateBytes => _m.ByteCount + _v.ByteCount;

    /// <inheritdoc/>
    public override void Advance()
    {
        _decay1 *= beta1;
        _decay2 *= beta2;
    }

    /// <summary>v̂ of a slice; for tests.</summary>
    internal float[] SecondMoment(in WeightSlice slice, int count) =>
        [.. _v.At(slice, count).ToArray().Select(v => (float)(v / (1 - _decay2)))];

    internal override bool FollowsFromRecords => true;

    private AdamNumbers Numbers => new()
    {
        Beta1 = (float)beta1,
        Rest1 = (float)(1 - beta1),
        Beta2 = (float)beta2,
        Rest2 = (float)(1 - beta2),
        Delta = (float)delta,
        Correction1 = (float)(1 / (1 - _decay1)),
        Correction2 = (float)(1 / (1 - _decay2)),
    };

    internal override UpdateRule AsOfNow() => new OfStep(this, Numbers);

    /// <inheritdoc/>
    public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor) =>
        Accept(Numbers, step, ref visitor);

    private void Accept<T, TMath, TVisitor>(AdamNumbers numbers, StepLaw<T, TMath> step, ref TVisitor visitor)
        where T : struct
        where TMath : struct, IArithmetic<T>
        where TVisitor : struct, IUpdateLawVisitor<T> =>
        visitor.Visit(new AdamLaw<T, TMath>(numbers, step), ElementNumbers.Of(_m), ElementNumbers.Of(_v));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _m.Dispose();
        _v.Dispose();
    }

    // The corrections of a step.
    private sealed class OfStep(Adam rule, AdamNumbers numbers) : UpdateRule(rule.WeightDecay)
    {
        public override long StateBytes => rule.StateBytes;

        public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor) =>
            rule.Accept(numbers, step, ref visitor);
    }
}

/// <summary>What the formula of an update by <see cref="Adam"/> takes.</summary>
internal struct AdamNumbers
{
    /// <summary>β₁.</summary>
    public float Beta1;

    /// <summary>1 − β₁.</summary>
    public float Rest1;

    /// <summary>β₂.</summary>
    public float Beta2;

    /// <summary>1 − β₂.</summary>
    public float Rest2;

    /// <summary>δ.</summary>
    public float Delta;

    /// <summary>1/(1 − β₁ᵗ).</summary>
    public float Correction1;

    /// <summary>1/(1 − β₂ᵗ).</summary>
    public float Correction2;
}

/// <summary>m ← β₁m + (1 − β₁)ĝ, v ← β₂v + (1 − β₂)ĝ², θ ← kθ − η m̂/(√v̂ + δ).</summary>
internal readonly struct AdamLaw<T, TMath> : IUpdateLaw<T>
    where T : struct
    where TMath : struct, IArithmetic<T>
{
    private readonly AdamNumbers _n;
    private readonly StepLaw<T, TMath> _step;

    /// <param name="numbers">β₁, β₂, δ and the corrections.</param>
    /// <param name="step">k and η.</param>
    public AdamLaw(AdamNumbers numbers, StepLaw<T, TMath> step)
    {
        _n = numbers;
        _step = step;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UpdatedElement<T> Apply(UpdatedElement<T> element)
    {
        var (gradient, square) = (element.Gradient, TMath.Multiply(element.Gradient, element.Gradient));
        element.First = TMath.FusedMultiplyAdd(
            gradient, TMath.Broadcast(_n.Rest1), TMath.Multiply(element.First, TMath.Broadcast(_n.Beta1)));
        element.Second = TMath.FusedMultiplyAdd(
            square, TMath.Broadcast(_n.Rest2), TMath.Multiply(element.Second, TMath.Broadcast(_n.Beta2)));
        var root = TMath.Add(TMath.Sqrt(TMath.Multiply(element.Second, TMath.Broadcast(_n.Correction2))), TMath.Broadcast(_n.Delta));
        var move = TMath.Multiply(TMath.Divide(element.First, root), TMath.Broadcast(_n.Correction1));
        element.Weight = _step.Move(element.Weight, move);
        return element;
    }
}
