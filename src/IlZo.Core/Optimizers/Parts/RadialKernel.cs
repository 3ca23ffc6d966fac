namespace IlZo.Optimizers;

/// <summary>
/// An odd polynomial K on [−1, 1] with E[rK(r)] = 1 for uniform r, and E[r³K(r)] = 0 from order 4, E[r⁵K(r)] = 0 from order 6 on.
/// K₂ = 3r; K₄ = (15/4) r (5 − 7r²); K₆ = (105/64) r (35 − 126r² + 99r⁴).
/// Source: Polyak and Tsybakov 1990; Bach and Perchet 2016. KerZOO's paper prints 195/64 for K₆, with which E[rK] would be 13/7.
/// </summary>
internal sealed class RadialKernel
{
    private RadialKernel(params (int Power, int Numerator, int Denominator)[] terms) => Terms = terms;

    /// <summary>The powers of r with their coefficients as fractions.</summary>
    public IReadOnlyList<(int Power, int Numerator, int Denominator)> Terms { get; }

    /// <summary>The kernel of an order: 2, 4 or 6.</summary>
    public static RadialKernel OfOrder(int order) => order switch
    {
        2 => new((1, 3, 1)),
        4 => new((1, 75, 4), (3, -105, 4)),
        6 => new((1, 3675, 64), (3, -13230, 64), (5, 10395, 64)),
        _ => throw new ArgumentOutOfRangeException(nameof(order)),
    };

    /// <summary>K(r).</summary>
    public double At(double r)
    {
        double sum = 0;
        double power = r;
        foreach (var (_, numerator, denominator) in Terms)
        {
            sum += power * numerator / denominator;
            power *= r * r;
        }

        return sum;
    }
}
