using IlZo.Functions;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>What is measured of estimates, on functions of which it is known.</summary>
public sealed class EstimateStudyTests
{
    [Fact]
    public void On_the_sphere_mezo_has_its_known_moments()
    {
        const int Dimension = 60;
        var report = Measure("sphere", Dimension, 600, 1e-3, "mezo", "mezo:queries=4", "loren:source=false");
        double square = Gradient("sphere", Dimension).Sum(g => g * g);
        Within(square, report.Gradient);
        var (one, four, loren) = (report.Methods[0], report.Methods[1], report.Methods[2]);
        Assert.Equal((2, 8, 6), (one.ForwardPasses, four.ForwardPasses, loren.ForwardPasses));
        foreach (var method in report.Methods)
        {
            Within(1, method.Scale);

            // On a quadratic function two sides have no bias, and one side has none in the mean.
            Assert.True(Math.Abs(method.Bias.Value) < 0.01, $"{method.Name}: {method.Bias}");
            Assert.Equal(0, method.Skipped);
            Near.Equal(1, method.Energy.Sum(e => e.Share), 1e-9);
        }

        Within(Dimension + 2, one.SecondMoment);
        Within((Dimension + 4 + 1) / 4.0, four.SecondMoment);
        Within((Dimension + 5 + 1) / 5.0, loren.SecondMoment);
        Within(Math.Sqrt(2 / (Math.PI * Dimension)), one.Cosine, 0.01);
        Near.Equal(1, one.Gain, 0.2);
    }

    // Without a vector, loren's updates, one for each query, are together what rloo does at once.
    [Fact]
    public void Updates_of_a_step_are_one_estimate()
    {
        var report = Measure("sphere", 60, 600, 1e-3, "loren:init=zero:lr_a=0", "rloo");
        var (loren, rloo) = (report.Methods[0], report.Methods[1]);
        Near.Equal(rloo.Scale.Value, loren.Scale.Value, 1e-6);
        Near.Equal(rloo.SecondMoment.Value, loren.SecondMoment.Value, 1e-6 * rloo.SecondMoment.Value);
    }

    [Fact]
    public void On_the_cubic_the_bias_is_that_of_smoothing_and_kerzoo_has_none()
    {
        const double Epsilon = 0.6;
        double[] gradient = Gradient("cubic", 40);
        var report = Measure("cubic", 40, 800, Epsilon, "mezo", "kerzoo");

        // ε²/2 in each variable, less a hundredth of it at a tenth of the radius.
        double expected = 0.99 * Epsilon * Epsilon / 2 * gradient.Sum() / gradient.Sum(g => g * g);
        Within(expected, report.Methods[0].Bias, 0.01 * expected);
        Within(0, report.Methods[1].Bias);
        Assert.True(report.Methods[0].Bias.Value > 10 * report.Methods[0].Bias.Error);
    }

    [Fact]
    public void On_the_ellipsoid_mezos_energy_is_even_and_the_gradients_is_not()
    {
        var report = Measure("ellipsoid", 300, 300, 1e-3, "mezo");
        double[] gradient = Gradient("ellipsoid", 300);
        for (int block = 0; block < 3; block++)
        {
            var (part, square) = report.GradientByPart[block];
            Assert.Equal($"block {block + 1}", part);
            Within(gradient.Skip(100 * block).Take(100).Sum(g => g * g), square);
            Near.Equal(1.0 / 3, report.Methods[0].Energy[block].Share, 0.05);
        }
    }

    [Fact]
    public void Threads_do_not_change_what_is_measured()
    {
        EstimateReport Of(int threads) => EstimateStudy.Run(
            new EstimateOptions(
                new TrainingOptions
                {
                    Model = TestData.Path("models", "stories260K"),
                    Task = "sst2",
                    TrainSize = 8,
                    DevSize = 0,
                    TestSize = 0,
                    BatchSize = 2,
                    MaxLength = 48,
                    Threads = threads,
                },
                ["mezo", "curvzo", "conmezo"])
            {
                Draws = 3,
            },
            null, default, null);
        var (one, two) = (Of(1), Of(2));
        Assert.Equal(one.Gradient, two.Gradient);
        Assert.Equal(one.GradientByPart, two.GradientByPart);
        Assert.Equal(
            one.Methods.Select(m => (m.Scale, m.Bias, m.SecondMoment, m.Cosine, m.Gain)),
            two.Methods.Select(m => (m.Scale, m.Bias, m.SecondMoment, m.Cosine, m.Gain)));
        Assert.Equal(one.Methods.SelectMany(m => m.Energy), two.Methods.SelectMany(m => m.Energy));
    }

    [Fact]
    public void Of_an_estimate_that_is_never_there_nothing_is_known()
    {
        var flat = new TestFunction("flat", _ => 1, _ => 0, 1);
        var options = new EstimateOptions(new TrainingOptions(), ["mezo"]) { Draws = 3, Function = flat, Dimension = 4 };
        var method = Assert.Single(EstimateStudy.Run(options, null, default, null).Methods);
        Assert.Equal(3, method.Skipped);
        Assert.Equal((SampleMean.Unknown, double.NaN, 2), (method.Scale, method.Gain, method.ForwardPasses));
    }

    private static void Within(double expected, SampleMean mean, double more = 0) =>
        Near.Equal(expected, mean.Value, (5 * mean.Error) + more);

    private static EstimateReport Measure(string function, int dimension, int draws, double epsilon, params string[] methods) =>
        EstimateStudy.Run(
            new EstimateOptions(new TrainingOptions { Epsilon = epsilon, Threads = 1 }, methods)
            {
                Draws = draws,
                Function = TestFunction.Find(function),
                Dimension = dimension,
            },
            null, default, null);

    private static double[] Gradient(string function, int dimension)
    {
        var f = TestFunction.Find(function);
        double[] x = [.. Enumerable.Range(0, dimension).Select(i => (double)(float)f.Start(i))];
        return
        [
            .. x.Select((v, i) => function switch
            {
                "sphere" => 2 * v,
                "cubic" => v + (v * v / 2),
                _ => Math.Pow(1000, (double)(i / 100) / ((dimension - 1) / 100)) * v,
            }),
        ];
    }
}
