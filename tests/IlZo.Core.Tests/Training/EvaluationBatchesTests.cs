using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Tasks;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class EvaluationBatchesTests
{
    [Fact]
    public void Batches_are_as_large_as_the_budget_of_tokens_allows()
    {
        // A beginning of 10 tokens, then 5 tokens and a one-token option of which the model sees nothing.
        EncodedExample[] examples =
            [.. Enumerable.Range(0, 7).Select(i => Example([.. Enumerable.Range(100, 10), .. Enumerable.Repeat(i, 5)]))];

        Assert.Equal([3, 3, 1], EvaluationBatches.Of(examples, 25).Select(b => b.Count));
        Assert.Equal([2, 2, 2, 1], EvaluationBatches.Of(examples, 24).Select(b => b.Count));
        Assert.Equal([7], EvaluationBatches.Of(examples, 45).Select(b => b.Count));
        Assert.Equal([1, 1, 1, 1, 1, 1, 1], EvaluationBatches.Of(examples, 1).Select(b => b.Count));
        Assert.Equal(examples, EvaluationBatches.Of(examples, 25).SelectMany(b => b));
        Assert.Empty(EvaluationBatches.Of([], 25));
    }

    [Fact]
    public void The_budget_counts_the_tokens_that_the_batch_will_have()
    {
        // Beginnings that get shorter from one example to the next, and options of several tokens.
        var random = new NumPyRandom(1);
        EncodedExample[] examples = [.. Enumerable.Range(0, 200).Select(_ => Example(
            [.. Enumerable.Range(100, 5 + (int)random.NextInterval(10)), .. Enumerable.Range(0, 1 + (int)random.NextInterval(8)).Select(
                _ => (int)random.NextInterval(3))],
            1 + (int)random.NextInterval(4)))];
        var batches = EvaluationBatches.Of(examples, 64).ToArray();

        Assert.All(batches, b => Assert.InRange(ScoringBatch.Build(b).Tokens.Count, 1, 64));
        for (int i = 1; i < batches.Length; i++)
        {
            Assert.InRange(ScoringBatch.Build([.. batches[i - 1], batches[i][0]]).Tokens.Count, 65, int.MaxValue);
        }
    }

    [Fact]
    public void Texts_that_are_read_as_a_whole_count_as_a_whole()
    {
        EncodedExample[] examples = [.. Enumerable.Range(0, 5).Select(i => new EncodedExample(
            [.. Enumerable.Range(0, 3).Select(c => EncodedCandidate.AtToken([0, 5, 6, 7, 2], 3, c))], 0, "test"))];
        Assert.Equal([2, 2, 1], EvaluationBatches.Of(examples, 14).Select(b => b.Count));
        Assert.Equal([3, 2], EvaluationBatches.Of(examples, 15).Select(b => b.Count));
        Assert.Equal(15, ScoringBatch.Build(examples[..3]).Tokens.Count);
    }

    [Fact]
    public void Demonstrations_that_a_batch_shares_go_through_the_model_once()
    {
        using var model = ModelLoader.Load(ModelLoader.BuiltIn);
        using var backend = new CpuBackend(2);
        var tokenizer = ModelLoader.Tokenizer(model.Checkpoint);
        var options = new TrainingOptions { Task = "sst2", TestSize = 2 };
        var shared = EvaluationExamples.Load(options, new EvaluationOptions { Demonstrations = 8 }, model, tokenizer);
        var bare = EvaluationExamples.Load(options, new EvaluationOptions(), model, tokenizer);
        var train = shared.Task.Data.Train;
        string demonstrations = Demonstrations.Shared(train, 8, 0) + Demonstrations.Separator;
        int prefix = tokenizer.Encode(demonstrations).Length;
        Assert.InRange(prefix, 100, 400);

        var evaluator = new LossEvaluator(model, backend, TaskObjective.Classification);
        evaluator.Evaluate(shared.Test);

        // Of each example the model sees its own tokens but BOS and the option, and all see the demonstrations with BOS once.
        int own = bare.Test.Sum(e => e.Candidates[0].Tokens.Length - 2);
        Assert.Equal(1, evaluator.ForwardPasses);
        Assert.Equal(prefix + own, evaluator.Tokens);
    }

    [Fact]
    public void Examples_of_their_own_demonstrations_share_no_more_than_BOS()
    {
        using var model = ModelLoader.Load(ModelLoader.BuiltIn);
        using var backend = new CpuBackend(2);
        var options = new TrainingOptions { Task = "sst2", TestSize = 3 };
        var examples = EvaluationExamples.Load(
            options, new EvaluationOptions { Demonstrations = 4, DemonstrationsPerExample = true }, model,
            ModelLoader.Tokenizer(model.Checkpoint));
        var evaluator = new LossEvaluator(model, backend, TaskObjective.Classification);
        evaluator.Evaluate(examples.Test);
        int shared = ScoringBatch.Build(examples.Test).Tokens.Segments[0].Length;
        Assert.Equal(examples.Test.Sum(e => e.Candidates[0].Tokens.Length - 1 - shared) + shared, evaluator.Tokens);
        Assert.InRange(shared, 1, 3);
    }

    private static EncodedExample Example(int[] prompt, int optionLength = 1) =>
        new([.. Enumerable.Range(0, 2)
            .Select(c => new EncodedCandidate([.. prompt, .. Enumerable.Repeat(1000 + c, optionLength)], optionLength))], 0, "test");
}
