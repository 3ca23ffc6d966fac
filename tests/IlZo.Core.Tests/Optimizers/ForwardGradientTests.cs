using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Functions;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tasks;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>The forward gradient on functions whose gradient is known, and the derivatives of losses that it takes.</summary>
public sealed class ForwardGradientTests : IDisposable
{
    private const int Samples = 20_000;

    private readonly TestSpace _space = new([2, 3], [5]);

    public static TheoryData<string> Functions => [.. TestFunction.All.Select(f => f.Name)];

    public void Dispose() => _space.Dispose();

    // Whatever the function's curvature is; with directions of length √d its square is d‖g‖², with Gaussian ones d + 2 times ‖g‖².
    [Theory]
    [InlineData(DirectionKind.Gaussian, 2)]
    [InlineData(DirectionKind.Rademacher, 0)]
    [InlineData(DirectionKind.Sphere, 0)]
    public void The_estimate_is_unbiased_where_that_of_differences_is_not(DirectionKind kind, int more)
    {
        var function = TestFunction.Find("rosenbrock");
        SetWeights(function);
        double[] gradient = function.Gradient!([.. _space.Weights.ToArray()]);
        double norm = gradient.Sum(g => g * g);
        var settings = Settings with { Directions = kind };
        var (mean, error, square) = _space.Moments(new ForwardGradient(settings), Samples, function.Value, function.Gradient);
        for (int i = 0; i < mean.Length; i++)
        {
            Near.Equal(gradient[i], mean[i], 5 * error[i]);
        }

        Near.Equal((_space.Count + more) * norm, square, 0.05 * _space.Count * norm);

        // Smoothed over a radius of ½, it is off by 1200ε²x and more.
        var (smoothed, its, _) = _space.Moments(new Spsa(settings with { Epsilon = 0.5 }), Samples, function.Value);
        Assert.True(Math.Abs(smoothed[0] - gradient[0]) > 10 * its[0]);
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Test_functions_have_their_gradients(string name)
    {
        var function = TestFunction.Find(name);
        double[] x = [.. Enumerable.Range(0, function.Dimension ?? 230).Select(function.Start)];
        double[] gradient = function.Gradient!(x);
        for (int i = 0; i < x.Length; i++)
        {
            double Moved(double h) => function.Value([.. x.Select((v, j) => j == i ? v + h : v)]);
            double difference = ((8 * (Moved(1e-4) - Moved(-1e-4))) - (Moved(2e-4) - Moved(-2e-4))) / 12e-4;
            Near.Equal(gradient[i], difference, 1e-6 * (1 + Math.Abs(gradient[i])));
        }
    }

    [Fact]
    public void A_record_has_the_loss_at_the_weights_once_for_each_query_and_the_mean_derivatives()
    {
        var function = TestFunction.Find("sphere");
        SetWeights(function);
        using var optimizer = Create(Settings with { Queries = 2 });
        var record = optimizer.Decide(3, _space.Oracle(function.Value, function.Gradient), 0.1);
        double value = function.Value([.. _space.Weights.ToArray()]);
        Assert.Equal([value, value], record.Losses);
        Assert.Equal(value, record.MeanLoss);
        for (int q = 0; q < 2; q++)
        {
            float[] z = _space.Fill(Settings.Direction(3, q));
            double derivative = function.Gradient!([.. _space.Weights.ToArray()]).Zip(z, (g, d) => g * d).Sum();
            Near.Equal(derivative / 2, record.Coefficients[q], 1e-12 * Math.Abs(derivative));
        }
    }

    [Fact]
    public void A_query_that_was_not_waited_for_is_left_out_of_the_mean()
    {
        using var optimizer = Create(Settings with { Queries = 3 });
        Assert.True(optimizer.AveragesQueries);
        double missing = StepRecord.NotEvaluated;
        var record = optimizer.Decide(1, new Fixed([2, 6, missing, missing, 2, -3], _space.Backend), 0.1);
        Assert.Equal([3, 0, -1.5], record.Coefficients);
        Assert.True(record.IsPartial);
        Assert.Equal(2, record.MeanLoss);
    }

    [Fact]
    public void A_derivative_that_is_not_finite_skips_the_step()
    {
        using var optimizer = Create(Settings);
        var record = optimizer.Decide(1, new Fixed([2, double.NaN], _space.Backend), 0.1);
        Assert.True(record.Skipped);
        Assert.Equal([2], record.Losses);
    }

    [Fact]
    public void Losses_without_derivatives_are_refused()
    {
        using var optimizer = Create(Settings);
        Assert.Equal(
            "The method takes derivatives, and these losses have none; a method of losses alone was expected.",
            Assert.Throws<InvalidInputException>(() => optimizer.Decide(1, _space.Oracle(x => x[0]), 0.1)).Message);
    }

    [Theory]
    [InlineData(1e-3, "loss", "Epsilon is 0.001; 0, or no Epsilon with forward-gradient, was expected.")]
    [InlineData(null, "accuracy", "Objective is accuracy, which has no derivatives; loss was expected for forward-gradient.")]
    public void Settings_without_a_meaning_are_refused(double? epsilon, string objective, string message)
    {
        var options = new TrainingOptions { Optimizer = "forward-gradient", Epsilon = epsilon, Objective = objective };
        Assert.Equal(message, Assert.Throws<InvalidInputException>(options.Validate).Message);
        Assert.Equal(0, Presets.Resolve(options with { Epsilon = null }).Epsilon);
        Presets.Resolve(options with { Epsilon = null, Objective = "loss" }).Validate();
    }

    [Theory]
    [InlineData(EngineName.Cuda, PrecisionName.SplitBFloat16)]
    [InlineData(EngineName.Amx, PrecisionName.SplitBFloat16)]
    public void Other_engines_are_refused(string engine, string precision)
    {
        var options = new TrainingOptions { Optimizer = "forward-gradient" };
        Assert.Equal(
            $"forward-gradient takes derivatives, which {engine} in {precision} does not compute; Device cpu with Engine managed was "
                + "expected.",
            Assert.Throws<InvalidInputException>(() => options.With(new Engine(engine, precision))).Message);
        Assert.Equal(engine, new TrainingOptions().With(new Engine(engine, precision)).Engine);
    }

    // Losses over tokens, and of candidates: the derivative of each example is that of its loss, whatever share it is evaluated in.
    [Theory]
    [InlineData(TaskObjective.LanguageModel)]
    [InlineData(TaskObjective.Classification)]
    public void Examples_have_the_derivatives_of_their_losses_in_any_shares(TaskObjective task)
    {
        using var fixture = new ForwardFixture("llama-gqa");
        EncodedExample[] examples =
        [
            .. Enumerable.Range(0, 7).Select(i => new EncodedExample(
                [
                    new EncodedCandidate([.. Enumerable.Range(1, 5 + i), 7, 8], 1 + (i % 3)),
                    new EncodedCandidate([.. Enumerable.Range(1, 5 + i), 9 + i], 1),
                    new EncodedCandidate([.. Enumerable.Range(1, 5 + i), 30, 31 + i, 2], 2),
                ],
                i % 3, $"test:{i}")),
        ];
        var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, task);
        var z = new GaussianDirection(new NoiseKey(3, NoiseStream.Direction, 1, 0));
        var whole = evaluator.ExampleLosses(evaluator.TrainingBatch(examples), [Probe.Derivative(z)]);
        var plain = evaluator.ExampleLosses(evaluator.TrainingBatch(examples), [Probe.Unperturbed])[0];
        Assert.Equal(plain, whole[0]);
        var near = Difference(4e-4);
        var far = Difference(8e-4);
        for (int e = 0; e < examples.Length; e++)
        {
            Near.Equal(((4 * near[e]) - far[e]) / 3, whole[1][e].Sum, 3e-3 * (1 + Math.Abs(whole[1][e].Sum)));
        }

        foreach (int share in (int[])[1, 3])
        {
            var parts = examples.Chunk(share).Select(
                part => evaluator.ExampleLosses(evaluator.TrainingBatch(part), [Probe.Derivative(z)])).ToArray();
            Assert.Equal(whole[0], parts.SelectMany(p => p[0]));
            Assert.Equal(whole[1], parts.SelectMany(p => p[1]));
        }

        // A pass of values and tangents counts as two.
        long before = evaluator.ForwardPasses;
        evaluator.Losses(evaluator.TrainingBatch(examples), [Probe.Derivative(z), Probe.Derivative(z)]);
        Assert.Equal(4, evaluator.ForwardPasses - before);

        double[] Difference(double radius)
        {
            var losses = evaluator.ExampleLosses(evaluator.TrainingBatch(examples), [Probe.Pair(z, radius)]);
            return [.. losses[0].Zip(losses[1], (a, b) => (a.Sum - b.Sum) / (2 * radius))];
        }
    }

    [Fact]
    public void A_derivative_of_an_example_may_be_larger_than_a_loss()
    {
        byte[] bytes = ExampleLossBytes.Encode([new ExampleLoss(3, 1), new ExampleLoss(1e9, 1)]);
        Assert.Null(ExampleLossBytes.Decode(bytes, 2, 1));
        Assert.Equal([new(3, 1), new(1e9, 1)], ExampleLossBytes.Decode(bytes, 2, 1, endsInDerivative: true)!);
        bytes = ExampleLossBytes.Encode([new ExampleLoss(1e9, 1), new ExampleLoss(3, 1)]);
        Assert.Null(ExampleLossBytes.Decode(bytes, 2, 1, endsInDerivative: true));
    }

    private OptimizerSettings Settings => new(_space.Parameters) { Seed = 5, Epsilon = 0 };

    private static Optimizer Create(OptimizerSettings settings) =>
        OptimizerCatalog.Find("forward-gradient").Create(settings with { Sides = 1 });

    private void SetWeights(TestFunction function)
    {
        for (int i = 0; i < _space.Count; i++)
        {
            _space.Weights[i] = (float)function.Start(i);
        }
    }

    // The numbers whatever the probes are.
    private sealed class Fixed(double[] losses, IWeightSums sums) : ILossOracle
    {
        public IWeightSums Sums => sums;

        public bool HasDerivatives => true;

        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0) => losses;

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => losses;
    }
}
