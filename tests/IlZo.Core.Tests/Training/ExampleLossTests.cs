using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tasks;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>Losses as sums over examples in their order, however the examples are shared out.</summary>
public sealed class ExampleLossTests
{
    private static readonly Probe[] s_probes =
        [Probe.Pair(new GaussianDirection(new NoiseKey(3, NoiseStream.Direction, 1, 0)), 1e-3), Probe.Unperturbed];

    [Theory]
    [InlineData(TaskObjective.LanguageModel, "loss")]
    [InlineData(TaskObjective.Classification, "loss")]
    [InlineData(TaskObjective.Classification, "accuracy")]
    public void Shares_of_a_batch_added_in_order_give_its_bits(TaskObjective task, string name)
    {
        var objective = TrainingOptions.ParseObjective(name);
        using var fixture = new ForwardFixture("llama-gqa");
        var examples = Examples(13);
        var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, task, objective);
        double[] whole = evaluator.Losses(evaluator.TrainingBatch(examples), s_probes);
        Assert.All(whole, loss => Assert.True(double.IsFinite(loss)));
        foreach (int share in new[] { 1, 2, 3, 5, 8 })
        {
            // Each share by another evaluator, as on another machine.
            var parts = examples.Chunk(share).Select(part =>
            {
                using var backend = new CpuBackend(1);
                backend.Load(fixture.Model.Parameters);
                var other = new LossEvaluator(fixture.Model, backend, task, objective);
                return other.ExampleLosses(other.TrainingBatch(part), s_probes);
            }).ToArray();
            for (int p = 0; p < whole.Length; p++)
            {
                Assert.Equal(whole[p], ExampleLoss.Mean(parts.SelectMany(part => part[p])));
            }

            Assert.Equal(whole, evaluator.Losses(examples, share, s_probes));
        }

        Assert.Equal(whole[2], evaluator.Evaluate(examples).Loss);
    }

    [Fact]
    public void An_example_of_a_language_model_counts_its_tokens()
    {
        using var fixture = new ForwardFixture("llama-gqa");
        var examples = Examples(4);
        var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, TaskObjective.LanguageModel);
        var losses = evaluator.ExampleLosses(evaluator.TrainingBatch(examples), [Probe.Unperturbed])[0];
        Assert.Equal(examples.Select(e => e.CorrectCandidate.OptionLength), losses.Select(l => l.Count));
        Assert.Equal(losses.Sum(l => l.Sum) / losses.Sum(l => l.Count), ExampleLoss.Mean(losses));
    }

    // Options of one to four tokens.
    private static EncodedExample[] Examples(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new EncodedExample(
            [.. Enumerable.Range(0, 2)
                .Select(c => new EncodedCandidate([1, 5 + (i % 3), 9, .. Enumerable.Range(20 + (7 * c) + i, 1 + (i % 4))], 1 + (i % 4)))],
                i % 2, "test")),
    ];
}
