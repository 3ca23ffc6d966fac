using System.Numerics.Tensors;
using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// Where an update would take the weights, as a direction: rule(θ, Σ cᵢ δᵢ) − θ. A probe at radius 1 sees the model after an update that
/// was not made. The rule must not keep state.
/// </summary>
/// <param name="estimate">The estimate.</param>
/// <param name="rule">The rule.</param>
/// <param name="learningRate">The rate.</param>
internal sealed unsafe class MoveDirection(GradientEstimate estimate, UpdateRule rule, double learningRate) : Direction
{
    internal SumDirection Gradient { get; } = new(estimate.Terms);

    internal UpdateRule Rule => rule;

    internal double LearningRate => learningRate;

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        float* before = stackalloc float[RowSums.Slice];
        Span<float> gradient = stackalloc float[RowSums.Slice];
        for (int start = 0; start < destination.Length; start += RowSums.Slice)
        {
            var after = destination.Slice(start, Math.Min(RowSums.Slice, destination.Length - start));
            var part = gradient[..after.Length];
            var slice = new WeightSlice(parameter, row, column + start);
            Gradient.Fill(parameter, row, slice.Column, part);
            Widening.Read(parameter.Type, parameter.At(row, slice.Column), before, after.Length);
            var old = new ReadOnlySpan<float>(before, after.Length);
            old.CopyTo(after);
            rule.Apply(slice, after, part, learningRate);
            TensorPrimitives.Subtract(after, old, after);
        }
    }
}
