using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Updates;

/// <summary>A change of parameters by a rule, θ ← rule(θ, Σ cᵢ δᵢ), as <see cref="Backends.IBackend.Update"/> takes it.</summary>
/// <param name="Parameters">What to change.</param>
/// <param name="Estimate">The gradient estimate.</param>
/// <param name="Rule">What to do with it.</param>
/// <param name="LearningRate">The rate.</param>
/// <param name="Rounding">The field the rounding bits are taken from.</param>
internal readonly record struct WeightUpdate(
    IReadOnlyList<Parameter> Parameters, GradientEstimate Estimate, UpdateRule Rule, double LearningRate, NoiseKey Rounding);
