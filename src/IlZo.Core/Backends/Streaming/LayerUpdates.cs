using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Backends.Streaming;

/// <summary>
/// The updates that the trained weights of a layer have had since they were written to where they lie: each of them is made whenever the
/// weights are brought from there.
/// </summary>
/// <param name="tensors">The layer's tensors.</param>
internal sealed class LayerUpdates(IEnumerable<Parameter> tensors)
{
    private readonly List<WeightUpdate> _waiting = [];

    /// <summary>Those of the tensors that are trained.</summary>
    public Parameter[] Trained { get; } = [.. tensors.Where(p => p.IsTrained)];

    /// <summary>The updates, in their order.</summary>
    public IReadOnlyList<WeightUpdate> Waiting => _waiting;

    /// <summary>Whether an update can only be made once: a rule that keeps numbers for each element changes them too.</summary>
    public bool MustBeWritten => _waiting.Exists(update => update.Rule.StateBytes > 0);

    /// <summary>Takes an update of some of the model's tensors, if it changes any of these.</summary>
    public void Add(in WeightUpdate update)
    {
        if (Array.Exists(Trained, update.Parameters.Contains))
        {
            _waiting.Add(update);
        }
    }

    /// <summary>Forgets the updates, since the weights are about to be written as they are.</summary>
    public void Clear() => _waiting.Clear();
}
