using IlZo.Core.Tests.Models;
using IlZo.Perturbations;
using IlZo.Tasks;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public class ScoringBatchTests
{
    [Fact]
    public void One_token_answers_cost_nothing_beyond_the_prompt()
    {
        var batch = ScoringBatch.Build([Example(1, [2, 5, 6, 7, 8], [2, 5, 6, 7, 9])]);
        Assert.Equal([2, 5, 6, 7], batch.Tokens.Ids);
        Assert.Equal([(0, 8), (0, 9)], batch.Targets);
        Assert.Equal([3], batch.Tokens.Outputs);
    }

    [Fact]
    public void Longer_answers_branch_off_and_their_last_token_is_left_out()
    {
        var batch = ScoringBatch.Build([Example(3, [2, 5, 6, 10, 11, 12], [2, 5, 6, 20, 21, 22])]);
        Assert.Equal([2, 5, 6, 10, 11, 20, 21], batch.Tokens.Ids);
        Assert.Equal([0, 1, 2, 3, 4, 3, 4], batch.Tokens.Positions);
        Assert.Equal([2, 3, 4, 5, 6], batch.Tokens.Outputs);
        Assert.Equal([(0, 10), (1, 11), (2, 12), (0, 20), (3, 21), (4, 22)], batch.Targets);
    }

    [Fact]
    public void Candidates_of_different_length_share_what_they_can()
    {
        // The second candidate ends inside the first one's text.
        var example = new EncodedExample([new([2, 5, 6, 7, 8], 3), new([2, 5, 6], 1)], 0, "test");
        var batch = ScoringBatch.Build([example]);
        Assert.Equal([2, 5, 6, 7], batch.Tokens.Ids);
        Assert.Equal([(0, 6), (1, 7), (2, 8), (0, 6)], batch.Targets);
    }

    [Fact]
    public void Only_the_correct_candidate_is_laid_out_for_the_language_model_objective()
    {
        var example = new EncodedExample([new([2, 5, 6], 1), new([2, 5, 7, 8], 2)], 1, "test");
        var batch = ScoringBatch.Build([example], correctOnly: true);
        Assert.Equal([2, 5, 7], batch.Tokens.Ids);
        Assert.Equal([-1.0, -2.0], batch.Option([-1, -2], 0, 1).ToArray());
    }

    [Fact]
    public void What_all_examples_begin_with_is_there_once()
    {
        var batch = ScoringBatch.Build(
            [Example(1, [2, 5, 6, 7, 8], [2, 5, 6, 7, 9]), Example(1, [2, 5, 6, 8], [2, 5, 6, 9]), Example(2, [2, 5, 1, 3, 4])]);
        Assert.Equal([2, 5, 6, 7, 6, 1, 3], batch.Tokens.Ids);
        Assert.Equal([0, 1, 2, 3, 2, 2, 3], batch.Tokens.Positions);
        Assert.Equal([(0, 8), (0, 9), (1, 8), (1, 9), (2, 3), (3, 4)], batch.Targets);
    }

    [Fact]
    public void An_example_may_consist_of_what_all_share()
    {
        var batch = ScoringBatch.Build([Example(1, [2, 5, 8], [2, 5, 9]), Example(2, [2, 5, 6, 7])]);
        Assert.Equal([2, 5, 6], batch.Tokens.Ids);
        Assert.Equal([(0, 8), (0, 9), (0, 6), (1, 7)], batch.Targets);
    }

    [Fact]
    public void Candidates_without_a_token_in_common_are_texts_of_their_own()
    {
        // As texts without BOS are that were cut off on the left.
        var cut = new EncodedExample([new([5, 6, 7, 8], 1), new([6, 7, 9, 10], 2)], 0, "test");
        var batch = ScoringBatch.Build([cut, Example(1, [5, 6, 8], [5, 6, 9])]);
        Assert.Equal([5, 6, 7, 6, 7, 9, 5, 6], batch.Tokens.Ids);
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1], batch.Tokens.Positions);
        Assert.Equal([(0, 8), (1, 9), (2, 10), (3, 8), (3, 9)], batch.Targets);
    }

    [Fact]
    public void Losses_equal_those_of_separate_rows_bit_for_bit()
    {
        using var fixture = new ForwardFixture("llama-gqa");
        EncodedExample[] examples =
        [
            Example(1, [2, 5, 6, 7, 8], [2, 5, 6, 7, 9]),
            Example(4, [2, 30, 31, 40, 41, 42, 43], [2, 30, 31, 50, 51, 52, 53], [2, 30, 31, 60, 61, 62, 63]),
        ];
        var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, TaskObjective.Classification);
        double expected = 0;
        foreach (var example in examples)
        {
            double[] scores = [.. example.Candidates.Select(
                c => Scoring.Score(fixture.LogProbabilities(c.Tokens, Probe.Unperturbed)[0][^c.OptionLength..]))];
            expected += Scoring.ClassificationLoss(scores, example.Correct) / 2;
        }

        Assert.Equal(expected, evaluator.Losses(ScoringBatch.Build(examples), [Probe.Unperturbed])[0]);
        Near.Equal(expected, evaluator.Evaluate(examples).Loss, 1e-12);
    }

    [Fact]
    public void The_language_model_objective_is_the_mean_over_tokens_not_over_examples()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        EncodedExample[] examples = [Example(1, [2, 5, 6]), Example(9, [2, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39])];
        var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, TaskObjective.LanguageModel);
        double[] all = [.. examples.SelectMany(
            e => fixture.LogProbabilities(e.Candidates[0].Tokens, Probe.Unperturbed)[0][^e.Candidates[0].OptionLength..])];
        Assert.Equal(10, all.Length);
        Near.Equal(-all.Average(), evaluator.Losses(evaluator.TrainingBatch(examples), [Probe.Unperturbed])[0], 1e-12);
        Near.Equal(-all.Average(), evaluator.Evaluate(examples).Loss, 1e-12);
    }

    [Fact]
    public void Any_tokens_of_a_text_can_be_scored()
    {
        using var fixture = new ForwardFixture("llama-gqa");
        int[] tokens = [2, 30, 31, 40, 41, 42, 43];
        EncodedExample[] examples = [new([EncodedCandidate.WithScored(tokens, [2, 3, 6])], 0, "test"), Example(1, [2, 30, 7])];
        var batch = ScoringBatch.Build(examples);
        Assert.Equal([31, 40, 43, 7], batch.Targets.Select(t => t.Id));
        double[] whole = fixture.LogProbabilities(tokens, Probe.Unperturbed)[0];
        double[] other = fixture.LogProbabilities([2, 30, 7], Probe.Unperturbed)[0];
        double expected = -(whole[^5] + whole[^4] + whole[^1] + other[^1]) / 4;
        var evaluation = new LossEvaluator(fixture.Model, fixture.Backend, TaskObjective.LanguageModel).Evaluate(examples);
        Near.Equal(expected, evaluation.Loss, 1e-12);
        Near.Equal(Math.Exp(expected), evaluation.Metrics["perplexity"]!.Value, 1e-9);
        Assert.Null(evaluation.Accuracy);
    }

    [Fact]
    public void Two_identical_candidates_have_the_loss_ln_2()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        var evaluator = new LossEvaluator(fixture.Model, fixture.Backend, TaskObjective.Classification);
        double loss = evaluator.Losses(ScoringBatch.Build([Example(2, [2, 5, 6, 7], [2, 5, 6, 7])]), [Probe.Unperturbed])[0];
        Near.Equal(Math.Log(2), loss, 1e-12);
    }

    private static EncodedExample Example(int optionLength, params int[][] candidates) =>
        new([.. candidates.Select(c => new EncodedCandidate(c, optionLength))], 0, "test");
}
