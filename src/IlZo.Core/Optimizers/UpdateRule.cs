using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>Turns a gradient estimate into new weights, one row slice at a time; slices come in any order and in parallel.</summary>
public abstract class UpdateRule
{
    /// <summary>Changes one slice.</summary>
    /// <param name="parameter">The tensor.</param>
    /// <param name="weights">The slice in fp32; receives the new values before they are rounded to the stored type.</param>
    /// <param name="gradient">The estimate for the slice.</param>
    /// <param name="learningRate">The rate of this step.</param>
    public abstract void Apply(Parameter parameter, Span<float> weights, ReadOnlySpan<float> gradient, double learningRate);
}
