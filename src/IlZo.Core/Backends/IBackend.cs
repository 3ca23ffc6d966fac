using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Backends;

/// <summary>
/// A device: it computes a model's forward passes and the updates of its weights. Only <see cref="Update"/> writes weights.
/// </summary>
/// <remarks>
/// Not thread-safe: threads may take turns. A call during another, from a second thread or out of a callback, throws
/// <see cref="InvalidOperationException"/>. From <c>Dispose</c> on every call but that throws <see cref="ObjectDisposedException"/>; where
/// an operation is in progress, memory and threads are given back when it ends.
/// </remarks>
public interface IBackend : IWeightSums, IDisposable
{
    /// <summary>What computes products here, and how exactly.</summary>
    Engine Engine { get; }

    /// <summary>Bytes that are free of the device's own memory; null where it works in the machine's.</summary>
    internal long? FreeBytes { get; }

    /// <summary>
    /// Whether the updates of <see cref="UpdateAll"/> are made when the weights are read, and so should come there as they are decided.
    /// </summary>
    internal bool PutsUpdatesOff => false;

    /// <summary>Takes weights to the device: the passes and updates that follow are about them, and those before are forgotten.</summary>
    /// <param name="parameters">The weights.</param>
    /// <param name="cancellation">Ends the work between two tensors; the device has no weights then.</param>
    /// <exception cref="InvalidInputException">The device has too little memory.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    void Load(ParameterSet parameters, CancellationToken cancellation = default);

    /// <summary>Brings what updates changed into the parameters' own memory.</summary>
    void Store(ParameterSet parameters);

    /// <summary>Brings what updates changed of an optimizer's numbers into their own memory.</summary>
    internal void Store(ParameterState state);

    /// <summary>Copies the weights of a copy's tensors as they are now.</summary>
    internal void Keep(WeightCopy copy);

    /// <summary>Room for the keys and values of texts.</summary>
    /// <param name="layers">Layers of the model.</param>
    /// <param name="features">Key features of a layer: key/value heads times head size.</param>
    /// <param name="capacity">The longest text, in tokens.</param>
    /// <param name="slots">How many texts.</param>
    internal KeyValueCache CreateCache(int layers, int features, int capacity, int slots = 1);

    /// <summary>Begins a pass, and ends the one before.</summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="probes">The points to evaluate; consecutive probes with the same direction share its numbers.</param>
    IPass Begin(TokenBatch batch, IReadOnlyList<Probe> probes) => Begin(batch, probes, null);

    /// <summary>Begins a pass that goes on where the texts of a cache end.</summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="probes">The points to evaluate.</param>
    /// <param name="cache">Keys and values of earlier tokens of the batch's texts, which are a segment each; only for a single
    /// probe.</param>
    internal IPass Begin(TokenBatch batch, IReadOnlyList<Probe> probes, KeyValueCache? cache);

    /// <summary>Begins a pass at the weights as they are, in which somebody sees what the trained ones are applied to.</summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="observer">Who sees it; it must not use the backend.</param>
    /// <exception cref="InvalidInputException">The engine has no such passes.</exception>
    internal IPass BeginObserved(TokenBatch batch, IInputObserver observer) => throw Engine.Lacks(PassKind.Inputs, PassKinds.AskedInputs);

    /// <summary>
    /// Changes parameters in place by a rule: θ ← rule(θ, Σ cᵢ δᵢ). Weights of 16 bits are rounded stochastically, so that
    /// the expected change is the exact one.
    /// </summary>
    /// <param name="parameters">What to change.</param>
    /// <param name="estimate">The gradient estimate, regenerated slice by slice.</param>
    /// <param name="rule">What to do with it.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="rounding">The field the rounding bits are taken from.</param>
    void Update(IReadOnlyList<Parameter> parameters, GradientEstimate estimate, UpdateRule rule, double learningRate, NoiseKey rounding);

    /// <summary>
    /// Changes parameters by several updates, one after the other: the same bits as <see cref="Update"/> for each of them. Where it can, a
    /// device reads a weight once for all of them, or makes them later; what they are made of stays as it is.
    /// </summary>
    /// <param name="updates">The updates; what they change is of one set.</param>
    /// <param name="cancellation">Ends the work, at weights that no number of updates leads to.</param>
    internal void UpdateAll(IReadOnlyList<WeightUpdate> updates, CancellationToken cancellation = default)
    {
        foreach (var u in updates)
        {
            cancellation.ThrowIfCancellationRequested();
            Update(u.Parameters, u.Estimate, u.Rule, u.LearningRate, u.Rounding);
        }
    }

    /// <summary>
    /// Calls a function for every number below <paramref name="items"/>, in any order and on all of the backend's threads.
    /// </summary>
    internal void Parallel(int items, Action<int> body);
}
