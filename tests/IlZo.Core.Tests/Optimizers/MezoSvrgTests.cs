using IlZo.Backends;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>The kept weights, the correction, and what the estimate is on average.</summary>
public sealed class MezoSvrgTests : IDisposable
{
    private static readonly float[] s_kept = [0.5f, -1, 0.25f, 2, -0.75f];
    private static readonly float[] s_now = [0.75f, -0.5f, 1, 1.5f, -2];

    private readonly TestSpace _space = new([2, 1], [3]);

    public void Dispose() => _space.Dispose();

    [Fact]
    public void At_the_kept_weights_the_correction_is_exactly_zero()
    {
        using var optimizer = Make("interval=100");
        s_kept.CopyTo(_space.Weights);
        var oracle = new BatchOracle(_space);
        optimizer.Apply(optimizer.Decide(1, oracle, 0), _space.Backend);
        for (int step = 2; step <= 20; step++)
        {
            var record = optimizer.Decide(step, oracle, 0.1);
            Assert.Equal(4, record.Losses.Length);
            Assert.Equal(0, record.Coefficients[0]);
        }
    }

    [Fact]
    public void The_kept_weights_are_a_copy_and_probes_see_them()
    {
        using var optimizer = Make("interval=3");
        s_kept.CopyTo(_space.Weights);
        var oracle = new BatchOracle(_space);
        optimizer.Apply(optimizer.Decide(1, oracle, 0.05), _space.Backend);
        Assert.NotEqual(s_kept, _space.Weights.ToArray());
        Assert.Equal(s_kept[2..], optimizer.Snapshot(new WeightSlice(_space.Parameters.All[1], 0, 0), 3));
        float[] z = _space.Fill(Settings(string.Empty).Direction(2, 0));
        var seen = new List<double[]>();
        var record = optimizer.Decide(2, _space.Oracle(x =>
        {
            seen.Add(x);
            return x[0];
        }), 0.05);
        for (int i = 0; i < _space.Count; i++)
        {
            Near.Equal(_space.Weights[i] + (0.1 * z[i]), seen[0][i], 1e-6);
            Near.Equal(_space.Weights[i] - (0.1 * z[i]), seen[1][i], 1e-6);
            Near.Equal(s_kept[i] + (0.1 * z[i]), seen[2][i], 1e-6);
            Near.Equal(s_kept[i] - (0.1 * z[i]), seen[3][i], 1e-6);
        }

        optimizer.Apply(record, _space.Backend);
        Assert.Equal(s_kept[2..], optimizer.Snapshot(new WeightSlice(_space.Parameters.All[1], 0, 0), 3));
        optimizer.Apply(optimizer.Decide(3, oracle, 0.05), _space.Backend);
        float[] later = [.. _space.Weights];
        Assert.Single(optimizer.Decide(4, oracle, 0.05).Coefficients);
        optimizer.Apply(optimizer.Decide(4, oracle, 0.05), _space.Backend);
        Assert.Equal(later[2..], optimizer.Snapshot(new WeightSlice(_space.Parameters.All[1], 0, 0), 3));
    }

    [Fact]
    public void The_estimate_is_unbiased_over_directions_and_batches()
    {
        const int samples = 40_000;
        using var optimizer = Make("interval=2");
        var oracle = new BatchOracle(_space);
        double[] mean = new double[5], square = new double[5];
        for (int step = 1; step < 2 * samples; step += 2)
        {
            s_kept.CopyTo(_space.Weights);
            optimizer.Apply(optimizer.Decide(step, oracle, 0), _space.Backend);
            s_now.CopyTo(_space.Weights);
            oracle.Batch = step / 2 % 2 == 0 ? 1 : -1;
            double[] c = optimizer.Decide(step + 1, oracle, 0).Coefficients;
            float[] z = _space.Fill(Settings(string.Empty).Direction(step + 1, 0));
            float[] anchor = _space.Fill(Settings(string.Empty).Direction(step, 0));
            for (int i = 0; i < 5; i++)
            {
                double g = (c[0] * z[i]) + (c[1] * anchor[i]);
                mean[i] += g / samples;
                square[i] += g * g / samples;
            }
        }

        for (int i = 0; i < 5; i++)
        {
            Near.Equal((i + 1) * s_now[i], mean[i], 5 * Math.Sqrt(square[i] / samples));
        }
    }

    [Fact]
    public void The_step_of_all_examples_has_its_own_rate()
    {
        var oracle = new BatchOracle(_space);
        float[][] moved = [.. new[] { "full=1", "full=4" }.Select(options =>
        {
            s_kept.CopyTo(_space.Weights);
            using var optimizer = Make(options);
            optimizer.Apply(optimizer.Decide(1, oracle, 1e-3), _space.Backend);
            return _space.Weights.ToArray();
        })];
        for (int i = 0; i < 5; i++)
        {
            Near.Equal(4 * (moved[0][i] - s_kept[i]), moved[1][i] - s_kept[i], 1e-6);
        }
    }

    [Fact]
    public void Rates_fall_where_the_mean_loss_of_an_epoch_rises_and_not_below_their_floors()
    {
        // Epochs of 4 steps, of which two see a batch. The losses of the third epoch are 10 % above the second's, the others' are equal.
        double[] levels = [1, 1, 1.1, 1.1, 1.1];
        using var optimizer = Make("interval=2,anneal=5,epoch=4,full=1000");
        var divisors = new List<double>();
        float[] before = [];
        double[] last = [];
        for (int step = 1; step <= 20; step++)
        {
            before = [.. _space.Weights];
            double level = levels[(step - 1) / 4];
            var record = optimizer.Decide(step, _space.Oracle(x => level + (1e-3 * x[0])), 3e-6);
            optimizer.Apply(record, _space.Backend);
            last = record.Coefficients;
            if (step % 4 == 0)
            {
                divisors.Add(optimizer.Diagnostics(step)[0].Value);
            }
        }

        Assert.Equal([1, 1, 5, 5, 5], divisors);

        // 3e-6 / 5 is below the floor: the last step had that.
        float[] z = _space.Fill(Settings(string.Empty).Direction(20, 0));
        float[] anchor = _space.Fill(Settings(string.Empty).Direction(19, 0));
        for (int i = 0; i < 5; i++)
        {
            double g = (last[0] * z[i]) + (last[1] * anchor[i]);
            Near.Equal(1e-6 * g, before[i] - _space.Weights[i], 0.02 * Math.Abs(1e-6 * g));
        }

        Assert.Empty(Make("interval=2").Diagnostics(1));
        var error = Assert.Throws<InvalidInputException>(() => Make("anneal=5"));
        Assert.Contains("Opt epoch=N", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_first_step_is_skipped_the_second_takes_all_examples()
    {
        using var optimizer = Make("interval=10");
        optimizer.Apply(optimizer.Decide(1, _space.Oracle(_ => double.NaN), 1), _space.Backend);
        Assert.Equal(2, optimizer.Decide(2, new BatchOracle(_space), 1).Losses.Length);
    }

    private MezoSvrg Make(string options) => new(Settings(options));

    private OptimizerSettings Settings(string options) =>
        new(_space.Parameters) { Seed = 9, Epsilon = 0.1, Options = MethodOptions.Parse(options) };

    // Two batches, whose functions differ from their mean ½ Σ i xᵢ² by ± 3 Σ xᵢ.
    private sealed class BatchOracle(TestSpace space) : ILossOracle
    {
        public int Batch { get; set; } = 1;

        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0) =>
            space.Oracle(x => Mean(x) + (3 * Batch * x.Sum())).Losses(probes);

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => space.Oracle(Mean).Losses(probes);

        public IWeightSums Sums => space.Backend;

        private static double Mean(double[] x) => x.Select((v, i) => 0.5 * (i + 1) * v * v).Sum();
    }
}
