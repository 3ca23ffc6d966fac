using System.Numerics.Tensors;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// R-AdaZO (arXiv 2502.01014): Adam whose second moment is that of the first one, which has less variance than the estimate.
/// m ← β₁m + (1 − β₁)ĝ, v ← β₂v + (1 − β₂)m², θ ← θ − η(m/√(v + ζ) + λθ), without corrections of the start:
/// the first step is 1/√(1 − β₂) long in every element, ten times that of Adam. β₁ = 0.9 and ζ = 1e-8 are Adam's; β₂ = 0.99 is what others who
/// ran the method quote of its paper, which we have not seen.
/// </summary>
/// <remarks>Cost: nothing in forwards and noise; 8 bytes for each weight.</remarks>
/// <param name="settings">The tensors and λ; the options beta1, beta2 and zeta (ζ).</param>
public sealed class RAdaZo(OptimizerSettings settings) : UpdateRule(settings.WeightDecay)
{
    private readonly float _beta1 = (float)settings.Options.Number("beta1", 0.9, 0, 0.999999);
    private readonly float _beta2 = (float)settings.Options.Number("beta2", 0.99, 0, 0.999999);
    private readonly float _zeta = (float)settings.Options.Number("zeta", 1e-8, 1e-30);
    private readonly ParameterState _m = new(settings.Parameters.Trained);
    private readonly ParameterState _v = new(settings.Parameters.Trained);

    /// <summary>m and v.</summary>
    internal (ParameterState M, ParameterState V) State => (_m, _v);

    /// <summary>What an update's formula takes: β₁, 1 − β₁, β₂, 1 − β₂ and ζ.</summary>
    internal (float Beta1, float Rest1, float Beta2, float Rest2, float Zeta) Numbers => (_beta1, 1 - _beta1, _beta2, 1 - _beta2, _zeta);

    public override long StateBytes => _m.ByteCount + _v.ByteCount;

    protected override void Transform(in WeightSlice slice, Span<float> gradient)
    {
        var m = _m.At(slice, gradient.Length);
        var v = _v.At(slice, gradient.Length);
        TensorPrimitives.Multiply(m, _beta1, m);
        TensorPrimitives.FusedMultiplyAdd(gradient, 1 - _beta1, m, m);
        TensorPrimitives.Multiply(v, _beta2, v);

        // ĝ has done its part; its room takes m² and then the quotient.
        TensorPrimitives.Multiply(m, m, gradient);
        TensorPrimitives.FusedMultiplyAdd(gradient, 1 - _beta2, v, v);
        TensorPrimitives.Add(v, _zeta, gradient);
        TensorPrimitives.Sqrt(gradient, gradient);
        TensorPrimitives.Divide(m, gradient, gradient);
    }

    protected override void Dispose(bool disposing)
    {
        _m.Dispose();
        _v.Dispose();
    }
}
