using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Adaptive rates: one for all weights, and one for each from the moments of the first moment.</summary>
public sealed class AdaptiveRuleTests
{
    private const double Rate = 1e-3;

    [Fact]
    public void Meazo_divides_by_the_running_magnitude_of_its_scalar()
    {
        const double beta = 0.9, zeta = 1e-3;
        using var space = new TestSpace([3, 4], [2]);
        var settings = Settings(space, "beta=0.9,zeta=1e-3") with { Queries = 2 };
        using var optimizer = OptimizerCatalog.Find("meazo").Create(settings);
        double v = 0;
        for (int step = 1; step <= 6; step++)
        {
            float[] before = [.. space.Weights];
            var record = optimizer.Decide(step, Oracle(space, 1), Rate);
            optimizer.Apply(record, space.Backend);
            v = (beta * v) + ((1 - beta) * Math.Pow(record.Coefficients.Sum(), 2));
            double scale = 1 / (Math.Sqrt(v / (1 - Math.Pow(beta, step))) + zeta);
            float[][] z = [.. Enumerable.Range(0, 2).Select(q => space.Fill(settings.Direction(step, q)))];
            for (int i = 0; i < space.Count; i++)
            {
                double gradient = (record.Coefficients[0] * z[0][i]) + (record.Coefficients[1] * z[1][i]);
                Near.Equal(before[i] - (Rate * scale * gradient), space.Weights[i], 1e-7);
            }
        }
    }

    [Fact]
    public void Meazo_makes_the_same_run_of_a_loss_of_another_scale()
    {
        Near.Equal(Run(1), Run(1e6), 1e-5);

        static float[] Run(double scale)
        {
            using var space = new TestSpace([3, 4], [2]);
            using var optimizer = OptimizerCatalog.Find("meazo").Create(Settings(space, "zeta=1e-20"));
            for (int step = 1; step <= 10; step++)
            {
                optimizer.Apply(optimizer.Decide(step, Oracle(space, scale), Rate), space.Backend);
            }

            return space.Weights.ToArray();
        }
    }

    [Fact]
    public void RAdaZo_has_the_second_moment_of_the_first_one()
    {
        const double beta1 = 0.8, beta2 = 0.95, zeta = 1e-4;
        using var space = new TestSpace([3, 4], [2]);
        var settings = Settings(space, "beta1=0.8,beta2=0.95,zeta=1e-4");
        using var optimizer = OptimizerCatalog.Find("r-adazo").Create(settings);
        double[] m = new double[space.Count], v = new double[space.Count];
        for (int step = 1; step <= 6; step++)
        {
            float[] before = [.. space.Weights];
            var record = optimizer.Decide(step, Oracle(space, 1), Rate);
            optimizer.Apply(record, space.Backend);
            float[] z = space.Fill(settings.Direction(step, 0));
            for (int i = 0; i < space.Count; i++)
            {
                m[i] = (beta1 * m[i]) + ((1 - beta1) * record.Coefficients[0] * z[i]);
                v[i] = (beta2 * v[i]) + ((1 - beta2) * m[i] * m[i]);
                Near.Equal(before[i] - (Rate * m[i] / Math.Sqrt(v[i] + zeta)), space.Weights[i], 1e-6);
            }
        }
    }

    private static ILossOracle Oracle(TestSpace space, double scale) =>
        space.Oracle(x => scale * x.Select((v, i) => Math.Pow(v - Math.Sin(i + 1), 2)).Sum());

    private static OptimizerSettings Settings(TestSpace space, string options) =>
        new(space.Parameters) { Seed = 12, Options = MethodOptions.Parse(options) };
}
