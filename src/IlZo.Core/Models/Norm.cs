using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>A LayerNorm by its name in the checkpoint: <c>name.weight</c> and <c>name.bias</c>, where there are any.</summary>
internal sealed class Norm(ModelWeights weights, string name, float epsilon)
{
    private readonly Parameter? _weight = weights.Find(name + ".weight");
    private readonly Parameter? _bias = weights.Find(name + ".bias");

    public void Apply(IBackend backend, Activation x, Activation y) => backend.LayerNorm(x, _weight, _bias, epsilon, y);
}
