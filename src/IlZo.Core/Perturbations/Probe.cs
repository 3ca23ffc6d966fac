namespace IlZo.Perturbations;

/// <summary>
/// One or two points along a direction δ at which the loss is evaluated: θ + r·δ for each radius r, never written to memory. Both points
/// of a probe share one read of the weights and one generation of δ. A <see cref="Derivative"/> has one point, θ, and the derivative along
/// δ in the place of a second loss.
/// </summary>
/// <param name="Direction">The direction δ, or null for the unperturbed weights.</param>
/// <param name="Radius">The signed distance of the first point along it.</param>
/// <param name="Second">The signed distance of the second point, null if there is none, or not a number for a derivative.</param>
public readonly record struct Probe(Direction? Direction, double Radius, double? Second = null)
{
    /// <summary>The unperturbed weights.</summary>
    public static Probe Unperturbed => new(null, 0);

    /// <summary>
    /// Whether what stands in the place of the second loss is the derivative of the first along δ, in forward mode: exact but for rounding.
    /// </summary>
    public bool IsDerivative => Second is double.NaN;

    /// <summary>How many points the probe has: 1 or 2, and as many losses; a derivative counts as a second point.</summary>
    public int Points => Second is null ? 1 : 2;

    /// <summary>The points θ + εδ and θ − εδ of a central difference.</summary>
    /// <param name="direction">The direction δ.</param>
    /// <param name="epsilon">The radius ε.</param>
    public static Probe Pair(Direction direction, double epsilon) => new(direction, epsilon, -epsilon);

    /// <summary>
    /// The unperturbed weights θ, and the derivative ∇L(θ)ᵀδ: two numbers, of one traversal that carries values and tangents. Devices and
    /// engines that do not compute tangents refuse it.
    /// </summary>
    /// <param name="direction">The direction δ.</param>
    public static Probe Derivative(Direction direction) => new(direction, 0, double.NaN);
}
