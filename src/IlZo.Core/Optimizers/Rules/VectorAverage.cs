using System.Numerics.Tensors;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>m ← βm + (1 − β)ĝ, θ ← θ − η(m + λθ) for vectors; matrices move by ĝ, which is an average already.</summary>
/// <param name="vectors">The vectors.</param>
/// <param name="weightDecay">λ.</param>
internal sealed class VectorAverage(IEnumerable<Parameter> vectors, WeightDecay weightDecay) : UpdateRule(weightDecay)
{
    public override long StateBytes => State.ByteCount;

    /// <summary>β.</summary>
    public double Keep { get; set; }

    /// <summary>m.</summary>
    internal ParameterState State { get; } = new(vectors);

    protected override void Transform(in WeightSlice slice, Span<float> gradient)
    {
        if (State.Has(slice.Parameter))
        {
            var m = State.At(slice, gradient.Length);
            TensorPrimitives.Multiply(m, (float)Keep, m);
            TensorPrimitives.FusedMultiplyAdd(gradient, (float)(1 - Keep), m, m);
            m.CopyTo(gradient);
        }
    }

    protected override void Dispose(bool disposing) => State.Dispose();
}
