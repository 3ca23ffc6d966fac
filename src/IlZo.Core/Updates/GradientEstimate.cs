using IlZo.Perturbations;

namespace IlZo.Updates;

/// <summary>An estimate of the gradient, Σ cᵢ δᵢ: scalars and directions, never a dense vector.</summary>
/// <param name="Terms">The coefficients and their directions, added in this order.</param>
public sealed record GradientEstimate(IReadOnlyList<(double Coefficient, Direction Direction)> Terms);
