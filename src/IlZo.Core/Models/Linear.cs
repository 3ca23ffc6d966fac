using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>A linear layer by its name in the checkpoint: <c>name.weight</c> and, where there is one, <c>name.bias</c> [out].</summary>
internal sealed class Linear
{
    private readonly Parameter? _bias;

    /// <param name="weights">The checkpoint.</param>
    /// <param name="name">The layer.</param>
    /// <param name="layout">How the weight is stored.</param>
    public Linear(ModelWeights weights, string name, WeightLayout layout = WeightLayout.OutIn)
    {
        Weight = weights[name + ".weight"];
        Layout = layout;
        _bias = weights.Find(name + ".bias");
        weights.Enter(name, this);
    }

    public Parameter Weight { get; }

    public WeightLayout Layout { get; }

    public int Inputs => Layout.InputsOf(Weight);

    public int Outputs => Layout.OutputsOf(Weight);

    /// <summary>What is added to the weight, or null.</summary>
    public LoraFactors? Lora { get; set; }

    public void Apply(IBackend backend, Activation x, Activation y, bool accumulate = false, ActivationFunction? activation = null)
    {
        // The frozen product comes first: where all probes have the same x it is computed once for them.
        backend.Linear(x, Weight, _bias, y, accumulate, Lora is null ? activation : null, Layout);
        Lora?.Apply(backend, x, y, activation);
    }
}
