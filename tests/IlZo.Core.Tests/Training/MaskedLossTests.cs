using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Perturbations;
using IlZo.Tasks;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>Losses of examples that are read at one token, and of accuracy.</summary>
public class MaskedLossTests
{
    // Texts with different beginnings and with the same one, the mask in different places.
    private static readonly EncodedExample[] s_examples =
    [
        Example(1, [0, 5, 6, 330, 7, 2], 3, 20, 21, 22),
        Example(0, [0, 5, 6, 8, 330, 2], 4, 20, 21, 22),
        Example(2, [0, 330, 9, 2], 1, 22, 21, 20),
    ];

    [Fact]
    public void Each_text_is_one_segment_with_one_row_of_outputs()
    {
        var batch = ScoringBatch.Build(s_examples);
        Assert.Equal([6, 6, 4], batch.Tokens.Segments.Select(s => s.Length));
        Assert.All(batch.Tokens.Segments, s => Assert.Equal(-1, s.Parent));
        Assert.Equal([3, 10, 13], batch.Tokens.Outputs);
        Assert.Equal([(0, 20), (0, 21), (0, 22), (1, 20), (1, 21), (1, 22), (2, 22), (2, 21), (2, 20)], batch.Targets);
        Assert.Equal([-5.0], batch.Option([0, 0, 0, 0, -5, 0, 0, 0, 0], 1, 1).ToArray());
    }

    [Fact]
    public void The_loss_is_the_cross_entropy_over_the_words_logits_at_the_mask()
    {
        using var fixture = new ForwardFixture("roberta-tiny");
        var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, TaskObjective.Classification);
        double expected = 0;
        int correct = 0;
        foreach (var example in s_examples)
        {
            float[] logits = fixture.Logits(ForwardFixture.Batch(example.Candidates[0].Tokens));
            int start = example.Candidates[0].Reading!.Value.Token * fixture.Model.Shape.Vocabulary;
            double[] words = [.. example.Candidates.Select(c => (double)logits[start + c.Reading!.Value.Output])];
            expected += (Math.Log(words.Sum(Math.Exp)) - words[example.Correct]) / s_examples.Length;
            correct += words[example.Correct] == words.Max() ? 1 : 0;
        }

        Near.Equal(expected, evaluator.Losses(evaluator.TrainingBatch(s_examples), [Probe.Unperturbed])[0], 1e-6);
        var evaluation = evaluator.Evaluate(s_examples);
        Near.Equal(expected, evaluation.Loss, 1e-6);
        Assert.Equal((correct, 3), (evaluation.Correct, evaluation.Total));
    }

    [Fact]
    public void Trained_on_accuracy_the_loss_is_its_negative()
    {
        using var fixture = new ForwardFixture("roberta-tiny");
        var plain = new LossEvaluator(fixture.Model, fixture.Backend, TaskObjective.Classification).Evaluate(s_examples);
        var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, TaskObjective.Classification, Accuracy.OfCandidates);
        Assert.InRange(plain.Correct, 1, 2);
        Assert.Equal(-plain.Accuracy, evaluator.Losses(evaluator.TrainingBatch(s_examples), [Probe.Unperturbed])[0]);
        Near.Equal(-plain.Accuracy!.Value, evaluator.Losses(s_examples, 2, [Probe.Unperturbed])[0], 1e-15);
        Assert.Equal(-plain.Accuracy, evaluator.Evaluate(s_examples).Loss);
    }

    [Fact]
    public void Accuracy_of_sentences_as_candidates_needs_all_of_them()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        EncodedExample[] examples = [new([new([2, 5, 6, 7], 2), new([2, 5, 8, 9, 10], 3)], 0, "test"), new(
            [new([2, 5, 6, 7], 2), new([2, 5, 8, 9, 10], 3)], 1, "test")];
        var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, TaskObjective.LanguageModel, Accuracy.OfCandidates);
        Assert.Equal(-0.5, evaluator.Losses(evaluator.TrainingBatch(examples), [Probe.Unperturbed])[0]);
        Assert.Equal(-0.5, evaluator.Evaluate(examples).Loss);
    }

    private static EncodedExample Example(int correct, int[] tokens, int mask, params int[] words) =>
        new([.. words.Select(w => EncodedCandidate.AtToken(tokens, mask, w))], correct, "test");
}
