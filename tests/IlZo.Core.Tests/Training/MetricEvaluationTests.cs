using IlZo.Core.Tests.Models;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tasks;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>Predictions, calibration and metrics as objectives, against the same numbers computed one by one.</summary>
public sealed class MetricEvaluationTests
{
    private static readonly Probe[] s_pair = [Probe.Pair(Direction(1), 0.05)];

    [Fact]
    public void Calibrated_scores_are_sums_less_the_sums_without_content()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        EncodedExample[] examples = [Example([2, 5, 6], 0), Example([2, 9, 9, 7], 1), Example([2, 30, 31], 0)];
        EncodedExample[] contentFree = [Example([2], 0), Example([2], 1), Example([2, 8], 0)];
        var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, TaskObjective.Classification);
        var plain = evaluator.Evaluate(examples);
        long before = evaluator.Tokens;
        var calibrated = evaluator.Evaluate(examples, contentFree);

        for (int e = 0; e < examples.Length; e++)
        {
            for (int c = 0; c < 2; c++)
            {
                Near.Equal(Sum(examples[e], c) - Sum(contentFree[e], c), calibrated.Predictions[e].Scores[c], 1e-12);
                Near.Equal(Sum(examples[e], c) / examples[e].Candidates[c].OptionLength, plain.Predictions[e].Scores[c], 1e-12);
            }

            Assert.Equal(Scoring.Predict([.. calibrated.Predictions[e].Scores]), calibrated.Predictions[e].Choice);
        }

        Assert.Equal(plain.Loss, calibrated.Loss);

        // [2] with its options (1 + 0 + 2 tokens) and [2, 8] (which shares 2) with its own: the second [2] costs nothing.
        Assert.Equal(before + (1 + 2) + (1 + 2), evaluator.Tokens - before);

        double Sum(EncodedExample example, int c)
        {
            var candidate = example.Candidates[c];
            return fixture.LogProbabilities(candidate.Tokens, Probe.Unperturbed)[0][^candidate.OptionLength..].Sum();
        }
    }

    [Fact]
    public void The_negative_accuracy_of_a_batch_can_be_the_loss()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        EncodedExample[] examples = [.. Enumerable.Range(0, 20).Select(i => Example([2, 5 + i, 6], i % 2))];
        foreach (var objective in (TaskObjective[])[TaskObjective.Classification, TaskObjective.LanguageModel])
        {
            var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, objective, Accuracy.OfCandidates);
            double expected = -new LossEvaluator(fixture.Model, fixture.Backend, objective).Evaluate(examples).Accuracy!.Value;
            Assert.InRange(expected, -0.95, -0.05);
            Assert.Equal(expected, evaluator.Losses(evaluator.TrainingBatch(examples), [Probe.Unperturbed])[0], 12);
            Assert.Equal(expected, evaluator.Losses(examples, 7, [Probe.Unperturbed])[0], 12);
            Assert.Equal(expected, evaluator.Evaluate(examples).Loss, 12);
            double[] moved = evaluator.Losses(evaluator.TrainingBatch(examples), s_pair);
            Assert.All(moved, l => Assert.Equal(Math.Round(l * 20), l * 20, 9));
        }
    }

    [Fact]
    public void The_negative_mean_F1_of_answers_can_be_the_loss()
    {
        using var fixture = new ForwardFixture("llama-gqa");
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        var tokenizer = ModelLoader.Tokenizer(model.Checkpoint);
        var settings = new AnswerSettings(tokenizer, 12);
        var generator = new AnswerGenerator(model, tokenizer, fixture.Backend, 12);
        EncodedExample[] examples =
        [
            Asking("Once upon a time, there was a", "little girl", "a cat"), Asking("Lily was", "very happy and"),
            Asking("One day, Tom went to", "the park"),
        ];
        var evaluator = new LossEvaluator(model, fixture.Backend, TaskObjective.LanguageModel, TokenF1.Instance, settings);
        double[] losses = evaluator.Losses(evaluator.TrainingBatch(examples), [Probe.Unperturbed, .. s_pair]);
        Assert.Equal(3, evaluator.ForwardPasses);

        double[] expected = [.. ProbePoints.Each([Probe.Unperturbed, .. s_pair]).Select(
            probe => -examples.Average(e => AnswerMatch.F1(generator.Generate([e.Prompt], probe)[0]!, e.Answers)))];
        Assert.Equal(expected, losses);
        Assert.InRange(losses[0], -0.9, -0.1);

        var evaluation = evaluator.Evaluate(examples);
        Assert.Equal(losses[0], evaluation.Loss);
        Assert.Equal(-losses[0], evaluation.Metrics["f1"]);
        Assert.Equal(losses[0], evaluator.Losses(examples, 2, [Probe.Unperturbed])[0], 12);
        var (low, high) = ((IMetric)TokenF1.Instance).Interval(evaluation.Predictions)!.Value;
        Assert.InRange(evaluation.Metrics["f1"]!.Value, low, high);
        Assert.Equal(examples.Select(e => e.Answers), evaluation.Predictions.Select(p => p.Gold));

        // Of nothing right the loss is 0, not the -0 that prints with a sign.
        double none = evaluator.Losses(evaluator.TrainingBatch([Asking("Lily was", "42")]), [Probe.Unperturbed])[0];
        Assert.Equal(0L, BitConverter.DoubleToInt64Bits(none));

        // With the loss as objective the answers are the same and the loss is that of teacher forcing.
        var usual = new LossEvaluator(model, fixture.Backend, TaskObjective.LanguageModel, answers: settings);
        var taught = usual.Evaluate(examples);
        Assert.Equal(evaluation.Metrics, taught.Metrics);
        Assert.Equal(new LossEvaluator(model, fixture.Backend, TaskObjective.LanguageModel).Evaluate(examples).Loss, taught.Loss);
        Assert.Equal(usual.Losses(usual.TrainingBatch(examples), [Probe.Unperturbed])[0], taught.Loss, 6);

        EncodedExample Asking(string prompt, params string[] answers) => new ExampleEncoder(tokenizer, 100).Encode(
            new Example(prompt, [answers[0]], [$"{prompt} {answers[0]}\n"], 0, "test", 1) { Answers = answers });
    }

    // Options of one token and of three.
    private static EncodedExample Example(int[] prompt, int correct) =>
        new([new EncodedCandidate([.. prompt, 40], 1), new EncodedCandidate([.. prompt, 50, 51, 52], 3)], correct, "test")
        {
            CandidateTexts = ["short", "long"],
        };

    private static GaussianDirection Direction(uint step) => new(new NoiseKey(3, NoiseStream.Direction, step, 0));
}
