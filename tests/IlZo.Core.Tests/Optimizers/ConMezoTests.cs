using IlZo.Optimizers;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Directions in a cone around the momentum.</summary>
public sealed class ConMezoTests : IDisposable
{
    private const double Theta = 1.1;

    private static readonly double[] s_gradient = [1, -2, 0.5, 0.25, 3, -1, 0.75, 2];

    private readonly TestSpace _space = new([2, 3], [2]);

    public void Dispose() => _space.Dispose();

    [Fact]
    public void Without_a_momentum_and_at_a_right_angle_it_is_mezo_to_the_bit()
    {
        float[] Run(string method, string opt, int steps)
        {
            _space.Weights.Clear();
            using var optimizer = Create(method, opt);
            for (int step = 1; step <= steps; step++)
            {
                optimizer.Apply(optimizer.Decide(step, _space.Oracle(Quadratic), 0.01), _space.Backend);
            }

            return _space.Weights.ToArray();
        }

        Assert.Equal(Run("mezo", "", 1), Run("conmezo", "", 1));
        Assert.NotEqual(Run("mezo", "", 2), Run("conmezo", "", 2));
        Assert.Equal(Run("mezo", "", 7), Run("conmezo", "theta=1.5707963267948966", 7));
    }

    [Fact]
    public void The_momentum_is_the_average_of_the_estimates()
    {
        // The update moves the weights by −ηĝ, so that they tell each estimate.
        var settings = Settings($"theta={Theta},beta=0.8");
        using var momentum = new ConeMomentum(settings);
        using var optimizer = new EstimatorOptimizer(settings, new ConMezo(settings, momentum), momentum);
        double[] expected = new double[8];
        for (int step = 1; step <= 6; step++)
        {
            float[] before = _space.Weights.ToArray();
            optimizer.Apply(optimizer.Decide(step, _space.Oracle(Quadratic), 1), _space.Backend);
            for (int i = 0; i < 8; i++)
            {
                expected[i] = (0.8 * expected[i]) + (0.2 * (before[i] - _space.Weights[i]));
            }

            Assert.All(Momentum(momentum).Zip(expected), pair => Near.Equal(pair.Second, pair.First, 1e-5 * (1 + Math.Abs(pair.Second))));
        }
    }

    [Fact]
    public void Moments_on_a_linear_function_are_those_of_the_cone()
    {
        var settings = Settings($"theta={Theta}");
        using var momentum = new ConeMomentum(settings);
        double[] m = [1, 1, -1, 0.5, 2, 0, -2, 1];
        SetMomentum(momentum, m);
        double norm = Math.Sqrt(m.Sum(x => x * x));
        double[] unit = [.. m.Select(x => x / norm)];
        double p = unit.Zip(s_gradient, (a, b) => a * b).Sum();
        double square = s_gradient.Sum(g => g * g);
        double cos2 = Math.Pow(Math.Cos(Theta), 2);
        double sin2 = 1 - cos2;
        var (mean, error, second) = _space.Moments(new ConMezo(settings, momentum), 40_000, Linear);
        for (int i = 0; i < 8; i++)
        {
            Near.Equal((8 * cos2 * p * unit[i]) + (sin2 * s_gradient[i]), mean[i], 5 * error[i]);
        }

        double expected = (p * p * 8 * cos2 * (8 + (4 * sin2))) + (square * sin2 * (8 + (2 * sin2)));
        Near.Equal(expected, second, 0.03 * expected);
    }

    [Fact]
    public void Directions_have_the_length_of_mezos_and_the_given_angle_to_the_momentum()
    {
        var settings = Settings($"theta={Theta}") with { Directions = DirectionKind.Sphere };
        using var momentum = new ConeMomentum(settings);
        double[] m = [1, 1, -1, 0.5, 2, 0, -2, 1];
        SetMomentum(momentum, m);
        var estimator = new ConMezo(settings, momentum);
        double norm = Math.Sqrt(m.Sum(x => x * x));
        double along = 0;
        double length = 0;
        const int Count = 4000;
        for (int step = 1; step <= Count; step++)
        {
            estimator.Prepare(step, _space.Backend);
            float[] y = _space.Fill(estimator.Directions(step)[0]);
            along += y.Zip(m, (a, b) => a * b / norm).Sum() / Count;
            length += y.Sum(v => (double)v * v) / Count;
        }

        // The part across has the mean zero along m, and a standard deviation of sin θ there.
        Near.Equal(Math.Sqrt(8) * Math.Cos(Theta), along, 5 * Math.Sin(Theta) / Math.Sqrt(Count));
        Near.Equal(8, length, 0.15);
    }

    [Theory]
    [InlineData("theta=2", "theta is '2'")]
    [InlineData("beta=1", "beta is '1'")]
    public void Options_outside_their_range_are_refused(string opt, string found) => Assert.Contains(
        found, Assert.Throws<InvalidInputException>(() => Create("conmezo", opt)).Message, StringComparison.Ordinal);

    private OptimizerSettings Settings(string opt) =>
        new(_space.Parameters) { Seed = 5, Epsilon = 1e-2, Options = MethodOptions.Parse(opt) };

    private Optimizer Create(string method, string opt) => OptimizerCatalog.Find(method).Create(Settings(opt));

    private void SetMomentum(ConeMomentum momentum, double[] values)
    {
        int next = 0;
        foreach (var p in _space.Parameters.Trained)
        {
            for (int row = 0; row < p.Rows; row++)
            {
                foreach (ref float x in momentum.State.At(new(p, row, 0), p.Columns))
                {
                    x = (float)values[next++];
                }
            }
        }
    }

    private double[] Momentum(ConeMomentum momentum) =>
    [
        .. _space.Parameters.Trained.SelectMany(p => Enumerable.Range(0, p.Rows).SelectMany(
            row => momentum.State.At(new(p, row, 0), p.Columns).ToArray()).Select(x => (double)x)),
    ];

    private static double Linear(double[] x) => x.Zip(s_gradient, (a, b) => a * b).Sum();

    private static double Quadratic(double[] x) => x.Select((v, i) => Math.Pow(v - s_gradient[i], 2)).Sum();
}
