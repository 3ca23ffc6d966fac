using IlZo.Adapters;
using IlZo.Backends.Cpu;
using IlZo.Generation;
using IlZo.Inference;
using IlZo.Models;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Use;

/// <summary>What lasts ends by a token, and leaves what there was.</summary>
public sealed class CancellationTests : IDisposable
{
    private static readonly string s_model = TestData.Path("models", "stories260K");
    private static readonly CancellationToken s_ended = new(canceled: true);
    private static readonly int[] s_ids = [1, 403, 407];

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Loading_a_model_ends()
    {
        Assert.Throws<OperationCanceledException>(() => ModelLoader.Load(s_model, cancellation: s_ended));
        Assert.Throws<OperationCanceledException>(() => TextModel.Load(s_model, cancellation: s_ended));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TextModel.LoadAsync(s_model, cancellation: s_ended));
    }

    [Fact]
    public void A_score_ends_and_the_scorer_goes_on()
    {
        using var model = ModelLoader.Load(s_model);
        using var backend = new CpuBackend(1);
        var scorer = new TextScorer(model, backend);
        var expected = scorer.Score(s_ids);
        Assert.Throws<OperationCanceledException>(() => scorer.Score(s_ids, cancellation: s_ended));
        Assert.Equal(expected.TokenLogProbabilities, scorer.Score(s_ids).TokenLogProbabilities);
    }

    [Fact]
    public void A_hash_of_the_weights_ends()
    {
        using var model = ModelLoader.Load(s_model);
        Assert.Throws<OperationCanceledException>(() => model.Parameters.Sha256(s_ended));
    }

    [Fact]
    public void Saving_ends_and_leaves_the_folder_as_it_was()
    {
        using var model = ModelLoader.Load(s_model);
        Assert.Throws<OperationCanceledException>(() => model.Save(_temp["out"], cancellation: s_ended));
        Assert.Empty(Directory.GetFileSystemEntries(_temp.Path));
        model.Save(_temp["out"]);
        byte[] weights = File.ReadAllBytes(_temp["out", "model.safetensors"]);
        Assert.Throws<OperationCanceledException>(() => model.SaveTrained(_temp["out"], cancellation: s_ended));
        Assert.Equal(weights, File.ReadAllBytes(_temp["out", "model.safetensors"]));
        Assert.Single(Directory.GetFileSystemEntries(_temp.Path));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("prefix")]
    public void Saving_an_adapter_ends_and_leaves_the_folder_as_it_was(string kind)
    {
        using var model = ModelLoader.Load(s_model);
        using var backend = new CpuBackend(1);
        AdapterFactory.Attach(model, new AdapterOptions(kind), backend);
        Assert.Throws<OperationCanceledException>(() => model.SaveTrained(_temp["out"], cancellation: s_ended));
        Assert.Empty(Directory.GetFileSystemEntries(_temp.Path));
        model.SaveTrained(_temp["out"]);
        string[] files = [.. Directory.GetFiles(_temp["out"]).Order()];
        byte[][] contents = [.. files.Select(File.ReadAllBytes)];
        Assert.Throws<OperationCanceledException>(() => model.SaveTrained(_temp["out"], cancellation: s_ended));
        Assert.Equal(files, Directory.GetFiles(_temp["out"]).Order());
        Assert.Equal(contents, files.Select(File.ReadAllBytes));
    }

    [Fact]
    public void A_training_that_ends_before_its_model_is_there_leaves_no_run()
    {
        var rows = TrainingRows.Pairs([("a", " b"), ("c", " d"), ("e", " f")]);
        var options = new TrainingOptions { Model = s_model, Examples = rows, Steps = 1 };
        Assert.Throws<OperationCanceledException>(() => Trainer.Train(options, new RunFolder(_temp["run"]), cancellation: s_ended));
        Assert.Empty(Directory.GetFileSystemEntries(_temp.Path));
    }
}
