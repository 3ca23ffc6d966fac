using System.Numerics.Tensors;
using IlZo.Tensors;

namespace IlZo.Updates;

/// <summary>
/// Turns a gradient estimate into new weights, θ ← θ − η(T(ĝ) + λθ), one row slice at a time; slices come in any order and in
/// parallel. What the transformation T remembers is the rule's own.
/// </summary>
/// <remarks>For one update at a time. What it remembers is given back when the update in progress ends.</remarks>
public abstract class UpdateRule : IDisposable
{
    private readonly UseGuard _use;
    private readonly WeightDecay _weightDecay;

    /// <param name="weightDecay">λ, and the tensors that it concerns.</param>
    protected UpdateRule(WeightDecay weightDecay)
    {
        _use = new UseGuard(GetType().Name, () => Dispose(true));
        _weightDecay = weightDecay;
    }

    /// <summary>Bytes that the rule keeps beside the weights.</summary>
    public virtual long StateBytes => 0;

    /// <summary>Called before the slices of each update.</summary>
    public virtual void Advance()
    {
    }

    /// <summary>Changes one slice.</summary>
    /// <param name="slice">Where it lies.</param>
    /// <param name="weights">The slice in fp32; receives the new values before they are rounded to the stored type.</param>
    /// <param name="gradient">The estimate for the slice; overwritten.</param>
    /// <param name="learningRate">The rate of this step.</param>
    public virtual void Apply(in WeightSlice slice, Span<float> weights, Span<float> gradient, double learningRate)
    {
        Transform(slice, gradient);

        // −0 + 0·ĝ may be +0: without this a rate of zero would change bytes.
        if (learningRate == 0)
        {
            return;
        }

        Decay(slice.Parameter, weights, learningRate);
        TensorPrimitives.FusedMultiplyAdd(gradient, (float)-learningRate, weights, weights);
    }

    public void Dispose()
    {
        _use.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>ĝ ← T(ĝ) for one slice.</summary>
    protected abstract void Transform(in WeightSlice slice, Span<float> gradient);

    /// <summary>θ ← (1 − ηλ)θ where the tensor decays.</summary>
    protected void Decay(Parameter parameter, Span<float> weights, double learningRate)
    {
        if (Kept(parameter, learningRate) is { } kept)
        {
            TensorPrimitives.Multiply(weights, kept, weights);
        }
    }

    /// <summary>1 − ηλ, or null for a tensor that does not decay.</summary>
    internal float? Kept(Parameter parameter, double learningRate) => _weightDecay.Kept(parameter, learningRate);

    /// <summary>Begins an update by the rule.</summary>
    /// <exception cref="InvalidOperationException">Another one is in progress.</exception>
    /// <exception cref="ObjectDisposedException">The rule was disposed of.</exception>
    internal UseGuard.Use Hold() => _use.Enter();

    /// <summary>Gives back what the rule holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
