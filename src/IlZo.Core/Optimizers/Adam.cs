using System.Numerics.Tensors;
using IlZo.Tensors;

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
public sealed class Adam(IReadOnlyList<Parameter> parameters, double beta1, double beta2, double delta, double weightDecay) : UpdateRule(weightDecay)
{
    private readonly ParameterState _m = new(parameters);
    private readonly ParameterState _v = new(parameters);

    // β₁ᵗ and β₂ᵗ as products: the same on every machine, which powers need not be.
    private double _decay1 = 1;
    private double _decay2 = 1;

    public override long StateBytes => _m.ByteCount + _v.ByteCount;

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
        TensorPrimitives.Multiply(m, (float)beta1, m);
        TensorPrimitives.FusedMultiplyAdd(gradient, (float)(1 - beta1), m, m);
        TensorPrimitives.Multiply(v, (float)beta2, v);
        TensorPrimitives.Multiply(gradient, gradient, gradient);
        TensorPrimitives.FusedMultiplyAdd(gradient, (float)(1 - beta2), v, v);

        // ĝ has done its part; its room takes √v̂ + δ and then the quotient.
        TensorPrimitives.Multiply(v, (float)(1 / (1 - _decay2)), gradient);
        TensorPrimitives.Sqrt(gradient, gradient);
        TensorPrimitives.Add(gradient, (float)delta, gradient);
        TensorPrimitives.Divide(m, gradient, gradient);
        TensorPrimitives.Multiply(gradient, (float)(1 / (1 - _decay1)), gradient);
    }

    protected override void Dispose(bool disposing)
    {
        _m.Dispose();
        _v.Dispose();
    }
}
