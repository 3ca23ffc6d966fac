using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>
/// What LoRA adds to a linear layer: y ← y + s·B(Ax). Both factors are read, and perturbed, as the layer's own weight is.
/// </summary>
/// <param name="A">[rank, in].</param>
/// <param name="B">[out, rank].</param>
/// <param name="Scale">s.</param>
internal sealed record LoraFactors(Parameter A, Parameter B, float Scale)
{
    /// <summary>y = f(y + s·B(Ax)); f is the identity where <paramref name="activation"/> is null.</summary>
    public void Apply(IPass pass, Activation x, Activation y, ActivationFunction? activation)
    {
        var inner = pass.Rent(A.Rows, x);
        pass.Linear(x, A, null, inner);
        pass.Scale(inner, Scale);
        pass.Linear(inner, B, null, y, accumulate: true, activation);
        pass.Return(inner);
    }
}
