using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>A linear layer by its name in the checkpoint: <c>name.weight</c> and, where there is one, <c>name.bias</c> [out].</summary>
/// <param name="weights">The checkpoint.</param>
/// <param name="name">The layer.</param>
/// <param name="layout">How the weight is stored.</param>
internal sealed class Linear(ModelWeights weights, string name, WeightLayout layout = WeightLayout.OutIn)
{
    private readonly Parameter _weight = weights[name + ".weight"];
    private readonly Parameter? _bias = weights.Find(name + ".bias");

    public void Apply(IBackend backend, Activation x, Activation y, bool accumulate = false, ActivationFunction? activation = null) =>
        backend.Linear(x, _weight, _bias, y, accumulate, activation, layout);
}
