using System.Numerics.Tensors;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>The rule of <see cref="HiZoo"/>, given z: H ← (1 − α)H + α s H∘z², θ ← θ − η(c z∘H^−½ + λθ). It keeps H − 1.</summary>
/// <param name="settings">The tensors and λ.</param>
/// <param name="alpha">α; with 0 nothing is learned.</param>
internal sealed class DiagonalScaling(OptimizerSettings settings, double alpha) : UpdateRule(settings.WeightDecay)
{
    /// <summary>The least H − 1: where no curvature is ever seen, rounding would take H to 0.</summary>
    internal const float Least = 1e-6f - 1;

    public override long StateBytes => Excess.ByteCount;

    /// <summary>c.</summary>
    public double Coefficient { get; set; }

    /// <summary>s.</summary>
    public double Curvature { get; set; }

    /// <summary>H − 1.</summary>
    internal ParameterState Excess { get; } = new(settings.Parameters.Trained);

    /// <summary>α, αs and c.</summary>
    internal (float Decay, float Growth, float Coefficient) Numbers => ((float)alpha, (float)(alpha * Curvature), (float)Coefficient);

    protected override void Transform(in WeightSlice slice, Span<float> gradient)
    {
        var excess = Excess.At(slice, gradient.Length);

        // No slice of an update is longer.
        Span<float> buffer = stackalloc float[RowSums.Slice];
        buffer = buffer[..gradient.Length];
        if (alpha != 0)
        {
            Grow(excess, gradient, buffer);
        }

        TensorPrimitives.Add(excess, 1f, buffer);
        TensorPrimitives.Sqrt(buffer, buffer);
        TensorPrimitives.Divide(gradient, buffer, gradient);
        TensorPrimitives.Multiply(gradient, Numbers.Coefficient, gradient);
    }

    protected override void Dispose(bool disposing) => Excess.Dispose();

    // e ← e + α (1 + e)(s z² − 1), in terms of e = H − 1.
    private void Grow(Span<float> excess, ReadOnlySpan<float> z, Span<float> change)
    {
        var (decay, growth, _) = Numbers;
        TensorPrimitives.Multiply(z, growth, change);
        TensorPrimitives.FusedMultiplyAdd(change, z, -decay, change);
        TensorPrimitives.FusedMultiplyAdd(excess, change, change, change);
        TensorPrimitives.Add(excess, change, excess);
        TensorPrimitives.Max(excess, Least, excess);
    }
}
