namespace IlZo.Perturbations;

/// <summary>
/// A point at which the loss is evaluated: θ + <paramref name="Radius"/>·<paramref name="Direction"/>, never written to memory.
/// </summary>
/// <param name="Direction">The direction, or null for the unperturbed weights.</param>
/// <param name="Radius">The signed distance along it.</param>
public readonly record struct Probe(Direction? Direction, double Radius)
{
    /// <summary>The unperturbed weights.</summary>
    public static Probe Unperturbed => new(null, 0);
}
