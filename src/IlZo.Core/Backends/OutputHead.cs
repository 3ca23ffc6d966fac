using IlZo.Tensors;

namespace IlZo.Backends;

/// <summary>
/// What turns a final hidden state x into logits: z = W x + b, or c · tanh(z / c). W and b are perturbed as every other weight is.
/// </summary>
/// <param name="Weight">W, the output embedding [vocabulary, features].</param>
/// <param name="Bias">b [vocabulary], or null for none.</param>
/// <param name="SoftCap">c, or null for none.</param>
public readonly record struct OutputHead(Parameter Weight, Parameter? Bias = null, float? SoftCap = null)
{
    /// <summary>The number of logits.</summary>
    public int Rows => Weight.Rows;
}
