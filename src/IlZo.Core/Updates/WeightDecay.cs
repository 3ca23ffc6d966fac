using IlZo.Tensors;

namespace IlZo.Updates;

/// <summary>
/// Weight decay beside the step, θ ← (1 − ηλ)θ, of all tensors but biases and norms.
/// Source: Loshchilov and Hutter 2017, arXiv 1711.05101; which tensors: huggingface/transformers src/transformers/trainer.py,
/// get_decay_parameter_names.
/// </summary>
/// <param name="Rate">λ, 0 in the published runs.</param>
public record WeightDecay(double Rate)
{
    /// <summary>A rate as the decay of that rate.</summary>
    public static implicit operator WeightDecay(double rate) => FromDouble(rate);

    /// <inheritdoc cref="op_Implicit"/>
    public static WeightDecay FromDouble(double rate) => new(rate);

    /// <summary>1 − ηλ, or null for a tensor that does not decay.</summary>
    internal float? Kept(Parameter parameter, double learningRate) =>
        Rate != 0 && AppliesTo(parameter) ? (float)(1 - (learningRate * Rate)) : null;

    /// <summary>Whether a tensor decays.</summary>
    private protected virtual bool AppliesTo(Parameter parameter) =>
        parameter.Role is { Part: not ModelPart.Norm, Kind: not TensorKind.Bias };
}
