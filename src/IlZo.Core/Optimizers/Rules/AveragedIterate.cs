using System.Numerics.Tensors;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// The averaged iterate of <see cref="KerZooSource"/>, c ← c − ηĝ and x ← x + (c − x)/β, where the weights are x and c − x is kept: with
/// u = c − x − ηĝ, x moves by u/β and c − x becomes u(1 − 1/β).
/// </summary>
internal sealed class AveragedIterate(OptimizerSettings settings) : UpdateRule(settings.WeightDecay)
{
    public override long StateBytes => Ahead.ByteCount;

    /// <summary>The step that is under way.</summary>
    public long Step { get; set; }

    /// <summary>c − x.</summary>
    internal ParameterState Ahead { get; } = new(settings.Parameters.Trained);

    /// <summary>1/β.</summary>
    internal float Share => (float)(1 / (1 + ((Step - 1) / 6.0)));

    public override void Apply(in WeightSlice slice, Span<float> weights, Span<float> gradient, double learningRate)
    {
        // As everywhere, a rate of zero changes nothing.
        if (learningRate == 0)
        {
            return;
        }

        Decay(slice.Parameter, weights, learningRate);
        var ahead = Ahead.At(slice, weights.Length);
        TensorPrimitives.FusedMultiplyAdd(gradient, (float)-learningRate, ahead, ahead);
        TensorPrimitives.FusedMultiplyAdd(ahead, Share, weights, weights);
        TensorPrimitives.Multiply(ahead, 1 - Share, ahead);
    }

    protected override void Transform(in WeightSlice slice, Span<float> gradient)
    {
    }

    protected override void Dispose(bool disposing) => Ahead.Dispose();
}
