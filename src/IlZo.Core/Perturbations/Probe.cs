namespace IlZo.Perturbations;

/// <summary>
/// One or two points along a direction δ at which the loss is evaluated: θ + r·δ for each radius r, never written to memory. Both points
/// of a probe share one read of the weights and one generation of δ.
/// </summary>
/// <param name="Direction">The direction δ, or null for the unperturbed weights.</param>
/// <param name="Radius">The signed distance of the first point along it.</param>
/// <param name="Second">The signed distance of the second point, or null if there is none.</param>
public readonly record struct Probe(Direction? Direction, double Radius, double? Second = null)
{
    /// <summary>The unperturbed weights.</summary>
    public static Probe Unperturbed => new(null, 0);

    /// <summary>How many points the probe has: 1 or 2, and as many losses.</summary>
    public int Points => Second is null ? 1 : 2;

    /// <summary>The points θ + εδ and θ − εδ of a central difference.</summary>
    /// <param name="direction">The direction δ.</param>
    /// <param name="epsilon">The radius ε.</param>
    public static Probe Pair(Direction direction, double epsilon) => new(direction, epsilon, -epsilon);
}
