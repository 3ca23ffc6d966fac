using System.Numerics.Tensors;
using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>SGD, and then θ ← θ + (ρ − 1)(θ − θ⁰) for the tensors that have a ratio ρ.</summary>
/// <param name="weightDecay">λ.</param>
/// <param name="start">θ⁰.</param>
/// <param name="changes">ρ − 1.</param>
internal sealed class Rescaling(WeightDecay weightDecay, Lazy<BaseWeights> start, IReadOnlyDictionary<Parameter, float> changes) : UpdateRule(weightDecay)
{
    internal BaseWeights Start => start.Value;

    /// <summary>ρ − 1 of a tensor; 0 for one that keeps its distance.</summary>
    internal float Change(Parameter parameter) => changes.GetValueOrDefault(parameter);

    public override void Apply(in WeightSlice slice, Span<float> weights, Span<float> gradient, double learningRate)
    {
        base.Apply(slice, weights, gradient, learningRate);
        if (changes.TryGetValue(slice.Parameter, out float change))
        {
            // ĝ has done its part; its room takes the distance.
            start.Value.Read(slice.Parameter, slice.Row, slice.Column, gradient);
            TensorPrimitives.Subtract(weights, gradient, gradient);
            TensorPrimitives.FusedMultiplyAdd(gradient, change, weights, weights);
        }
    }

    /// <summary>θ − θ⁰ of a slice of at most <see cref="RowSums.Slice"/> elements.</summary>
    public static unsafe void Distance(BaseWeights start, in WeightSlice slice, Span<float> destination)
    {
        float* weights = stackalloc float[RowSums.Slice];
        Widening.Read(slice.Parameter.Type, slice.Parameter.At(slice.Row, slice.Column), weights, destination.Length);
        start.Read(slice.Parameter, slice.Row, slice.Column, destination);
        TensorPrimitives.Subtract(new ReadOnlySpan<float>(weights, destination.Length), destination, destination);
    }

    protected override void Transform(in WeightSlice slice, Span<float> gradient)
    {
    }
}
