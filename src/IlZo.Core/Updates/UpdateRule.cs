using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Updates;

/// <summary>
/// Turns a gradient estimate into new weights, θ ← θ − η(T(ĝ) + λθ), element by element, in any order and in parallel. It states a law that
/// CPU vectors and GPU kernels compute alike; the rule owns the state that the law keeps for each element.
/// </summary>
/// <remarks>Handles one update at a time. On disposal, its state is released when the update in progress ends.</remarks>
public abstract class UpdateRule : IDisposable
{
    private readonly UseGuard _use;
    private readonly WeightDecay _weightDecay;

    /// <param name="weightDecay">λ, and the tensors it applies to.</param>
    protected UpdateRule(WeightDecay weightDecay)
    {
        _use = new UseGuard(GetType().Name, () => Dispose(true));
        _weightDecay = weightDecay;
    }

    /// <summary>Bytes of state that the rule keeps in addition to the weights.</summary>
    public virtual long StateBytes => 0;

    /// <summary>Called before the slices of each update.</summary>
    public virtual void Advance()
    {
    }

    /// <summary>Passes the law for a tensor to a visitor.</summary>
    /// <typeparam name="T">Numbers: a float or a vector of them.</typeparam>
    /// <typeparam name="TMath">Their operations.</typeparam>
    /// <typeparam name="TVisitor">What is done with the law.</typeparam>
    /// <param name="parameter">The tensor.</param>
    /// <param name="step">The step, with its learning rate and weight decay.</param>
    /// <param name="visitor">What is done with the law.</param>
    public abstract void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor)
        where T : struct
        where TMath : struct, IArithmetic<T>
        where TVisitor : struct, IUpdateLawVisitor<T>;

    /// <summary>Updates one slice.</summary>
    /// <param name="slice">Where it lies.</param>
    /// <param name="weights">The slice in fp32; receives the new values before they are rounded to the stored type.</param>
    /// <param name="gradient">The estimate for the slice.</param>
    /// <param name="learningRate">The learning rate of this step.</param>
    internal unsafe void Apply(in WeightSlice slice, Span<float> weights, ReadOnlySpan<float> gradient, double learningRate)
    {
        float kept = Kept(slice.Parameter, learningRate) ?? 1;
        fixed (float* weight = weights, estimate = gradient)
        {
            for (int start = 0; start < weights.Length; start += RowSums.Slice)
            {
                int count = Math.Min(RowSums.Slice, weights.Length - start);
                var part = slice with { Column = slice.Column + start };
                VectorWidth.Use(new SliceUpdate(this, part, weight + start, estimate + start, count, kept, (float)learningRate));
            }
        }
    }

    /// <summary>Releases the rule's resources; during an update, when it ends.</summary>
    public void Dispose()
    {
        _use.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The gradient estimate that an update stands for: what it is given, unless the rule makes it of that.</summary>
    internal virtual GradientEstimate EstimateOf(GradientEstimate given) => given;

    /// <summary>1 − ηλ, or null for a tensor that does not decay.</summary>
    internal float? Kept(Parameter parameter, double learningRate) => _weightDecay.Kept(parameter, learningRate);

    /// <summary>Whether an update may wait for those of later steps, as <see cref="AsOfNow"/> has it.</summary>
    internal virtual bool FollowsFromRecords => false;

    /// <summary>λ, and the tensors it applies to.</summary>
    internal WeightDecay WeightDecay => _weightDecay;

    /// <summary>
    /// The rule as it is since <see cref="Advance"/>, whatever steps follow, with the same numbers for each element, which it changes too
    /// (<see cref="StateBytes"/>); the rule itself if its law is the same in all steps. It is not disposed of.
    /// </summary>
    internal virtual UpdateRule AsOfNow() => this;

    /// <summary>Begins an update.</summary>
    /// <exception cref="InvalidOperationException">Another update is in progress.</exception>
    /// <exception cref="ObjectDisposedException">The rule was disposed of.</exception>
    internal UseGuard.Use Hold() => _use.Enter();

    /// <summary>Gives back what the rule holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
