using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>A linear layer, as <see cref="ModelWeights.Linear"/> makes it.</summary>
/// <param name="weight">[out, in], or [in, out].</param>
/// <param name="bias">[out], or null.</param>
/// <param name="layout">How the weight is stored.</param>
internal sealed class Linear(Parameter weight, Parameter? bias, WeightLayout layout)
{
    public Parameter Weight => weight;

    public WeightLayout Layout => layout;

    public int Inputs => layout.InputsOf(weight);

    public int Outputs => layout.OutputsOf(weight);

    /// <summary>What is added to the weight, or null.</summary>
    public LoraFactors? Lora { get; set; }

    /// <summary>
    /// y = f(layer(x)), or f(layer(x) + y) where <paramref name="accumulate"/>; f is the identity where <paramref name="activation"/> is
    /// null.
    /// </summary>
    public void Apply(IPass pass, Activation x, Activation y, bool accumulate = false, ActivationFunction? activation = null)
    {
        // The frozen product comes first: where all probes have the same x it is computed once for them.
        pass.Linear(x, weight, bias, y, accumulate, Lora is null ? activation : null, layout);
        Lora?.Apply(pass, x, y, activation);
    }
}
