using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>The sizes of a model that the code around it needs.</summary>
/// <param name="Architecture">The class name in <c>config.json</c>'s architectures.</param>
/// <param name="Vocabulary">Rows of the output embedding: token ids are below it.</param>
/// <param name="Hidden">Features of the residual stream.</param>
/// <param name="Layers">Decoder layers.</param>
/// <param name="Intermediate">Features inside an MLP.</param>
/// <param name="KeyFeatures">Key/value heads times head size.</param>
/// <param name="MaxPositions">The longest text, in tokens.</param>
/// <param name="BosId">The token that begins a text, where the configuration names one.</param>
/// <param name="EosId">The token that ends a text, where the configuration names one.</param>
public sealed record ModelShape(
    string Architecture,
    int Vocabulary,
    int Hidden,
    int Layers,
    int Intermediate,
    int KeyFeatures,
    int MaxPositions,
    int? BosId,
    int? EosId);

/// <summary>A causal language model: its parameters and its forward pass in terms of a backend's operations.</summary>
public abstract class LanguageModel(ModelShape shape, ParameterSet parameters, IReadOnlyDictionary<string, Parameter> stored) : IDisposable
{
    public ModelShape Shape { get; } = shape;

    /// <summary>The parameters, tied ones once.</summary>
    public ParameterSet Parameters { get; } = parameters;

    /// <summary>The parameter behind each tensor of the checkpoint; what is not in here are buffers.</summary>
    public IReadOnlyDictionary<string, Parameter> Stored { get; } = stored;

    /// <summary>The output embedding [vocabulary, features].</summary>
    public abstract Parameter Head { get; }

    /// <summary>
    /// Runs the layers over the pass that was begun on <paramref name="backend"/> and returns what <see cref="Head"/> is applied
    /// to: one row for each output of the batch.
    /// </summary>
    /// <param name="backend">The device.</param>
    /// <param name="batch">The tokens the pass was begun with.</param>
    /// <param name="watch">Called with the residual stream after the embeddings (0) and after each layer (1 … L).</param>
    public abstract Activation Forward(IBackend backend, TokenBatch batch, Action<int, Activation>? watch = null);

    public void Dispose()
    {
        Parameters.Dispose();
        GC.SuppressFinalize(this);
    }
}
