using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>A linear layer by its name in the checkpoint: <c>name.weight</c> [out, in] and, where there is one, <c>name.bias</c> [out].</summary>
internal sealed class Linear(ModelWeights weights, string name)
{
    private readonly Parameter _weight = weights[name + ".weight"];
    private readonly Parameter? _bias = weights.Find(name + ".bias");

    public void Apply(IBackend backend, Activation x, Activation y, bool accumulate = false, ActivationFunction? activation = null) =>
        backend.Linear(x, _weight, _bias, y, accumulate, activation);
}
