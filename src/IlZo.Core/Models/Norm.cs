using IlZo.Backends;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>A norm of a model.</summary>
internal abstract class Norm
{
    /// <summary>y = norm(x); x and y may be the same.</summary>
    public abstract void Apply(IPass pass, Activation x, Activation y);
}

/// <summary>LayerNorm.</summary>
/// <param name="weight">[features], or null for none.</param>
/// <param name="bias">[features], or null for none.</param>
/// <param name="epsilon">What is added to the variance.</param>
internal sealed class LayerNorm(Parameter? weight, Parameter? bias, float epsilon) : Norm
{
    public override void Apply(IPass pass, Activation x, Activation y) => pass.LayerNorm(x, weight, bias, epsilon, y);
}

/// <summary>RMSNorm, over all features or each head's.</summary>
/// <param name="weight">[features].</param>
/// <param name="epsilon">What is added to the mean square.</param>
/// <param name="offset">What is added to the weight.</param>
internal sealed class RmsNorm(Parameter weight, float epsilon, float offset) : Norm
{
    public override void Apply(IPass pass, Activation x, Activation y) => pass.RmsNorm(x, weight, epsilon, y, offset);
}
