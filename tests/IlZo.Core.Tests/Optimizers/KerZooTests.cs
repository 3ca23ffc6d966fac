using System.Numerics;
using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Moments of the kernels as fractions, and the bias and variance that follow from them.</summary>
public sealed class KerZooTests
{
    private const int Samples = 100_000;

    [Theory]
    [InlineData(2, "1/1", "3/5", "3/7", "3/1", "9/5")]
    [InlineData(4, "1/1", "0/1", "-5/21", "75/4", "25/4")]
    [InlineData(6, "1/1", "0/1", "0/1", "3675/64", null)]
    public void Kernel_moments_are_exact(int order, string first, string third, string fifth, string square, string? weighted)
    {
        var kernel = RadialKernel.OfOrder(order);
        Assert.Equal(first, Moment(kernel, 1));
        Assert.Equal(third, Moment(kernel, 3));
        Assert.Equal(fifth, Moment(kernel, 5));
        Assert.Equal(square, SquareMoment(kernel, 0));
        if (weighted is not null)
        {
            Assert.Equal(weighted, SquareMoment(kernel, 2));
        }

        Near.Equal(kernel.Terms.Sum(t => (double)t.Numerator / t.Denominator), kernel.At(1), 1e-12);
        Near.Equal(-kernel.At(0.3), kernel.At(-0.3), 1e-12);
    }

    [Fact]
    public void Order_6_has_the_tabulated_variance()
    {
        Near.Equal(13.25, Value(SquareMoment(RadialKernel.OfOrder(6), 2)), 0.005);
        Near.Equal(57.42, Value(SquareMoment(RadialKernel.OfOrder(6), 0)), 0.005);
    }

    [Theory]
    [InlineData(3, 4, 0.0)]
    [InlineData(4, 4, 0.0)]
    [InlineData(5, 4, -25.0 / 7)]
    [InlineData(5, 6, 0.0)]
    [InlineData(3, 2, 3 * 0.6)]
    public void The_bias_on_powers_is_the_known_one(int power, int order, double expected)
    {
        // d/dx xⁿ at x = 0.5 with ε = 1; the bias is in units of ε² or ε⁴.
        using var space = new TestSpace([1]);
        space.Weights[0] = 0.5f;
        var (mean, error, _) = space.Moments(
            new KerZoo(Settings(space, $"order={order}") with { Epsilon = 1, Queries = 4 }), Samples, x => Math.Pow(x[0], power));
        Near.Equal((power * Math.Pow(0.5, power - 1)) + expected, mean[0], 5 * error[0]);
    }

    [Fact]
    public void One_radius_for_all_tensors_cancels_the_mixed_terms_and_one_for_each_does_not()
    {
        // f = (x + y)³ with x and y in different tensors and ε = 1, at 0.3: the derivative is 0.27; MeZO's mean is 6.27.
        static double Cube(double[] x) => Math.Pow(x[0] + x[1], 3);
        using var space = new TestSpace([1], [1]);
        (space.Weights[0], space.Weights[1]) = (0.2f, 0.1f);
        var settings = Settings(space, string.Empty) with { Epsilon = 1, Queries = 1 };
        var (mezo, mezoError, _) = space.Moments(new Spsa(settings), Samples, Cube);
        var (shared, sharedError, _) = space.Moments(new KerZoo(settings), Samples, Cube);
        Near.Equal(6.27, mezo[0], 5 * mezoError[0]);
        Near.Equal(0.27, shared[0], 5 * sharedError[0]);

        // The authors' kernel has C = 4; over so long a horizon their interval stays [−1, 1]. The bias of MeZO's 6 ε² that is left is C/3
        // ε².
        using var source = new KerZooSource(settings with { Options = MethodOptions.Parse("horizon=2000000000") });
        double sum = 0, square = 0;
        for (int step = 1; step <= Samples; step++)
        {
            var record = source.Decide(step, space.Oracle(Cube), 0);
            double z = space.Fill(settings.Direction(step, 0))[0];
            double g = record.Coefficients[0] * source.Factors(step, 0).Weights[0] * z;
            sum += g / Samples;
            square += g * g / Samples;
        }

        Near.Equal(4 * 1.27, sum, 5 * Math.Sqrt(square / Samples));
    }

    [Fact]
    public void On_a_quadratic_the_estimate_is_unbiased_with_the_known_second_moment()
    {
        const int dimension = 12;
        using var space = new TestSpace([3, 4]);
        double[] g = [.. Enumerable.Range(0, dimension).Select(i => Math.Cos(i))];
        double norm = g.Sum(v => v * v);
        foreach (var (order, factor) in new[] { (4, 6.25), (6, 13.2525) })
        {
            var estimator = new KerZoo(Settings(space, $"order={order},scale=2") with { Queries = 1, Epsilon = 0.1 });
            var (mean, error, square) = space.Moments(estimator, Samples, x => x.Select((v, i) => (g[i] * v) + (0.5 * i * v * v)).Sum());
            for (int i = 0; i < dimension; i++)
            {
                Near.Equal(2 * g[i], mean[i], 5 * error[i]);
            }

            double expected = factor * 4 * (dimension + 2) * norm;
            Near.Equal(expected, square, 0.05 * expected);
        }
    }

    [Fact]
    public void A_smaller_interval_is_a_smaller_radius()
    {
        using var space = new TestSpace([5]);
        static double F(double[] x) => x.Select((v, i) => Math.Exp(v * i)).Sum();
        double[] small = space.Estimate(new KerZoo(Settings(space, "interval=0.25") with { Epsilon = 0.4 }), 3, F);
        double[] radius = space.Estimate(new KerZoo(Settings(space, string.Empty) with { Epsilon = 0.1 }), 3, F);
        Assert.Equal(radius, small);
        double[] later = space.Estimate(new KerZoo(Settings(space, "shrink=4") with { Epsilon = 0.2 }), 3, F);
        Assert.Equal(radius, later);
    }

    [Fact]
    public void With_a_kernel_and_radii_of_one_it_is_mezo()
    {
        using var space = new TestSpace([2, 70], [9]);
        var settings = Settings(space, string.Empty) with { Queries = 2 };
        static double F(double[] x) => x.Select((v, i) => Math.Exp(v * i / 10)).Sum();
        var flat = new KerZoo(settings, _ => 1, (_, _) => 1);
        for (int step = 1; step < 5; step++)
        {
            Assert.Equal(space.Estimate(new Spsa(settings), step, F), space.Estimate(flat, step, F));
        }
    }

    private static OptimizerSettings Settings(TestSpace space, string options) =>
        new(space.Parameters) { Seed = 2, Options = MethodOptions.Parse(options) };

    // E[rⁿK(r)] for uniform r on [−1, 1]; n is odd.
    private static string Moment(RadialKernel kernel, int n) =>
        Reduced(kernel.Terms.Select(t => ((BigInteger)t.Numerator, (BigInteger)t.Denominator * (t.Power + n + 1))));

    // E[rⁿK(r)²]; n is even.
    private static string SquareMoment(RadialKernel kernel, int n) => Reduced(
        from a in kernel.Terms
        from b in kernel.Terms
        select ((BigInteger)a.Numerator * b.Numerator, (BigInteger)a.Denominator * b.Denominator * (a.Power + b.Power + n + 1)));

    private static string Reduced(IEnumerable<(BigInteger Numerator, BigInteger Denominator)> terms)
    {
        var (n, d) = terms.Aggregate(
            (N: BigInteger.Zero, D: BigInteger.One), (s, t) => ((s.N * t.Denominator) + (t.Numerator * s.D), s.D * t.Denominator));
        var common = BigInteger.GreatestCommonDivisor(n, d);
        return $"{n / common}/{d / common}";
    }

    private static double Value(string fraction) =>
        double.Parse(fraction.Split('/')[0], System.Globalization.CultureInfo.InvariantCulture)
        / double.Parse(fraction.Split('/')[1], System.Globalization.CultureInfo.InvariantCulture);
}
