using IlZo.Noise;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>
/// KerZOO (arXiv 2505.18886): SPSA at random radii, weighted by a kernel whose higher moments vanish, so that the leading terms of
/// the smoothing bias cancel. For each direction one r ~ U[−1, 1] for all tensors; c = (L(θ + ε r z) − L(θ − ε r z)) / 2ε, divided
/// by ε and not by εr; ĝ = mean of c·K(r)·z, K = C·<see cref="RadialKernel"/> of order 4 (or 2, 6).
/// E[ĝ] = C∇L + (ε²/2) E[r³K] ∇ΔL + (ε⁴/8) E[r⁵K] ∇Δ²L + …: order 4 is free of the ε² term, order 6 of ε⁴ too. The variance is
/// larger: on a quadratic E‖ĝ‖² = E[(rK)²] (d + 2)‖g‖² a direction, with 6.25 C² for order 4 and 13.25 C² for order 6.
/// <para>
/// An interval a below 1, or one that shrinks, takes r from [−a, a] and K(r/a)/a, which keeps all moments at zero: it is the radius εa.
/// The authors' code (Rainbow0427/zo_acc) does otherwise in all of this: <see cref="KerZooSource"/>.
/// </para>
/// </summary>
/// <remarks>Cost with n directions (the authors': 3): 2n forwards, 2n noise generations, no memory.</remarks>
internal sealed class KerZoo : Estimator
{
    private readonly OptimizerSettings _settings;
    private readonly Func<double, double> _kernel;
    private readonly Func<long, int, double> _radius;

    /// <param name="settings">The radius and the directions; the options order, scale (C), interval (a) and shrink (steps).</param>
    public KerZoo(OptimizerSettings settings)
    {
        int order = settings.Options.Integer("order", 4, 2, 6);
        if (order % 2 == 1)
        {
            throw new InvalidInputException($"{Setting.Opt} order is '{order}'; 2, 4 or 6 was expected.");
        }

        var kernel = RadialKernel.OfOrder(order);
        double scale = settings.Options.Number("scale", 1, 1e-9);
        double interval = settings.Options.Number("interval", 1, 1e-4, 1);
        int shrink = settings.Options.Integer("shrink", 0, 0);
        _settings = settings;
        _kernel = r => scale * kernel.At(r);
        _radius = (step, query) => Uniform(settings.Seed, step, query);
        Interval = step => shrink == 0 ? interval : interval * Math.Max(1 - ((step - 1.0) / shrink), 1e-4);
    }

    /// <summary>With other kernels and radii; for tests.</summary>
    internal KerZoo(OptimizerSettings settings, Func<double, double> kernel, Func<long, int, double> radius)
    {
        (_settings, _kernel, _radius) = (settings, kernel, radius);
        Interval = _ => 1;
    }

    internal override bool FollowsFromRecords => true;

    internal override bool AveragesQueries => true;

    private Func<long, double> Interval { get; }

    public override IReadOnlyList<Probe> Plan(long step) =>
    [
        .. Directions(step).Select((z, query) => Probe.Pair(z, _settings.Epsilon * Interval(step) * _radius(step, query))),
    ];

    public override double[] Combine(long step, ReadOnlySpan<double> losses)
    {
        double[] coefficients = new double[_settings.Queries];
        for (int q = 0; q < coefficients.Length; q++)
        {
            double quotient = (losses[2 * q] - losses[(2 * q) + 1]) / (2 * _settings.Epsilon * Interval(step));
            coefficients[q] = quotient * _kernel(_radius(step, q)) / coefficients.Length;
        }

        return coefficients;
    }

    public override IReadOnlyList<Direction> Directions(long step) =>
        [.. Enumerable.Range(0, _settings.Queries).Select(q => _settings.Direction(step, q))];

    private static double Uniform(ulong seed, long step, int query) =>
        (2 * new NoiseKey(seed, NoiseStream.Radius, (uint)step, (uint)query).Uniform(0)) - 1;
}
