using IlZo.Backends;
using IlZo.Optimizers;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Steps that do without some of their queries.</summary>
public sealed class QuorumTests : IDisposable
{
    private const int Queries = 3;

    private static readonly double[] s_losses = [0.9, 0.4, 0.7, 0.8, 0.5, 0.2];

    private readonly TestSpace _space = new([4, 3], [5]);

    /// <summary>The methods that can.</summary>
    public static TheoryData<string> Averaging =>
        ["mezo", "mezo-momentum", "mezo-adam", "kerzoo", "zo-sign", "sparse-mezo", "lozo", "subzero", "tezo", "r-adazo"];

    public void Dispose() => _space.Dispose();

    [Fact]
    public void Methods_that_average_two_sided_queries_can_and_no_others()
    {
        var can = new List<string>();
        foreach (var method in OptimizerCatalog.OfLosses.Where(m => m.MostQueries >= Queries && m.Sides.Contains(2)))
        {
            using var optimizer = OptimizerCatalog.Find(method.Name).Create(Settings with { Sides = 2 });
            can.AddRange(optimizer.AveragesQueries ? [method.Name] : []);
        }

        Assert.Equal(Averaging.Select(row => row.Data).Order(), can.Order());
        using var oneSided = OptimizerCatalog.Find("mezo").Create(Settings with { Sides = 1 });
        Assert.False(oneSided.AveragesQueries);
    }

    [Theory]
    [MemberData(nameof(Averaging))]
    public void The_mean_is_that_of_the_queries_that_were_waited_for(string name)
    {
        using var whole = Create(name);
        using var part = Create(name);
        double[] all = whole.Decide(1, new Fixed(s_losses, _space.Backend), 0.1).Coefficients;
        var record = part.Decide(1, new Fixed(Without(1), _space.Backend), 0.1);
        Assert.False(record.Skipped);
        Assert.True(record.IsPartial);
        Assert.Equal(0, record.Coefficients[1]);
        Near.Equal(all[0] * 3 / 2, record.Coefficients[0], Math.Abs(all[0]) * 1e-15);
        Near.Equal(all[2] * 3 / 2, record.Coefficients[2], Math.Abs(all[2]) * 1e-15);
        Near.Equal((0.9 + 0.4 + 0.5 + 0.2) / 4, record.MeanLoss, 1e-15);

        // It is applied as any other.
        part.Apply(record, _space.Backend);
        Assert.All(_space.Weights.ToArray(), w => Assert.True(float.IsFinite(w)));
    }

    [Fact]
    public void A_loss_that_was_evaluated_and_is_none_skips_the_step()
    {
        using var mezo = Create("mezo");
        double[] losses = Without(0);
        losses[2] = double.NaN;
        Assert.True(mezo.Decide(1, new Fixed(losses, _space.Backend), 0.1).Skipped);
        Assert.False(StepRecord.IsNotEvaluated(double.NaN));
        Assert.False(StepRecord.IsNotEvaluated(0d / BitConverter.Int64BitsToDouble(0)));
        Assert.True(StepRecord.IsNotEvaluated(StepRecord.NotEvaluated));
    }

    private static double[] Without(int query) =>
        [.. s_losses.Select((loss, i) => i / 2 == query ? StepRecord.NotEvaluated : loss)];

    private OptimizerSettings Settings =>
        new(_space.Parameters) { Queries = Queries, Seed = 7, Epsilon = 0.1, OpenBase = _space.OpenBase };

    private Optimizer Create(string name) => OptimizerCatalog.Find(name).Create(Settings);

    // The losses whatever the points are.
    private sealed class Fixed(double[] losses, IWeightSums sums) : ILossOracle
    {
        public IWeightSums Sums => sums;

        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0) => losses;

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => losses;
    }
}
