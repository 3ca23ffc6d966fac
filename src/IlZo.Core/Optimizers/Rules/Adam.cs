using System.Numerics.Tensors;
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
public sealed class Adam(IReadOnlyList<Parameter> parameters, double beta1, double beta2, double delta, WeightDecay weightDecay) : UpdateRule(weightDecay)
{
    private readonly ParameterState _m = new(parameters);
    private readonly ParameterState _v = new(parameters);

    // β₁ᵗ and β₂ᵗ as products: the same on every machine, which powers need not be.
    private double _decay1 = 1;
    private double _decay2 = 1;

    public override long StateBytes => _m.ByteCount + _v.ByteCount;

    /// <summary>m and v.</summary>
    internal (ParameterState M, ParameterState V) State => (_m, _v);

    /// <summary>What an update's formula takes now: β₁, 1 − β₁, β₂, 1 − β₂, δ, 1/(1 − β₁ᵗ) and 1/(1 − β₂ᵗ).</summary>
    internal (float Beta1, float Rest1, float Beta2, float Rest2, float Delta, float Correction1, float Correction2) Numbers =>
        ((float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)delta, (float)(1 / (1 - _decay1)), (float)(1 / (1 - _decay2)));

    public override void Advance()
    {
        _decay1 *= beta1;
        _decay2 *= beta2;
    }

    /// <summary>v̂ of a slice; for tests.</summary>
    internal float[] SecondMoment(in WeightSlice slice, int count) => [.. _v.At(slice, count).ToArray().Select(v => (float)(v / (1 - _decay2)))];

    protected override void Transform(in WeightSlice slice, Span<float> gradient)
    {
        var m = _m.At(slice, gradient.Length);
        var v = _v.At(slice, gradient.Length);
        var n = Numbers;
        TensorPrimitives.Multiply(m, n.Beta1, m);
        TensorPrimitives.FusedMultiplyAdd(gradient, n.Rest1, m, m);
        TensorPrimitives.Multiply(v, n.Beta2, v);
        TensorPrimitives.Multiply(gradient, gradient, gradient);
        TensorPrimitives.FusedMultiplyAdd(gradient, n.Rest2, v, v);

        // ĝ has done its part; its room takes √v̂ + δ and then the quotient.
        TensorPrimitives.Multiply(v, n.Correction2, gradient);
        TensorPrimitives.Sqrt(gradient, gradient);
        TensorPrimitives.Add(gradient, n.Delta, gradient);
        TensorPrimitives.Divide(m, gradient, gradient);
        TensorPrimitives.Multiply(gradient, n.Correction1, gradient);
    }

    protected override void Dispose(bool disposing)
    {
        _m.Dispose();
        _v.Dispose();
    }
}
