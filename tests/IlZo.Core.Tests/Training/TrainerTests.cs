using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>Whole runs of a few steps on the built-in model.</summary>
public sealed class TrainerTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Steps = 12,
        BatchSize = 4,
        TrainSize = 40,
        DevSize = 8,
        TestSize = 10,
        EvalEvery = 5,
        Threads = 2,
        LearningRate = 1e-4,
    };

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("auto")]
    [InlineData("fp32")]
    [InlineData("bf16")]
    public void Threads_interruptions_and_replay_do_not_change_a_bit(string dtype)
    {
        var options = s_options with { DType = DTypeWords.Instance.Parse(dtype) };
        var whole = Trainer.Train(options, Folder("whole"));
        var single = Trainer.Train(options with { Threads = 1 }, Folder("single"));
        Assert.Equal(whole.WeightsSha256, single.WeightsSha256);

        var stop = new CancellationTokenSource();
        var watcher = new StopAt(7, stop);
        Assert.Throws<OperationCanceledException>(() => Trainer.Train(options, Folder("parts"), null, watcher, stop.Token));
        var resumed = Trainer.Train(options, Folder("parts"), resume: new ResumePolicy());
        Assert.Equal(whole.WeightsSha256, resumed.WeightsSha256);
        Assert.Equal(Timeless(whole), Timeless(resumed));
        Assert.Equal(File.ReadAllText(Folder("whole").MetricsFile), File.ReadAllText(Folder("parts").MetricsFile));
        Assert.Equal(File.ReadAllBytes(Folder("whole").TrajectoryFile), File.ReadAllBytes(Folder("parts").TrajectoryFile));

        Assert.Equal(whole.WeightsSha256, Replay.Run(Folder("whole")).WeightsSha256);
        string rebuilt = _temp["step5"];
        string atFive = Replay.Run(Folder("whole"), 5, rebuilt).WeightsSha256;
        using var model = ModelLoader.Load(rebuilt);
        Assert.Equal(atFive, model.Parameters.Sha256());
        var five = Trainer.Train(options with { Steps = 5 }, Folder("five"));
        Assert.Equal(atFive, five.WeightsSha256);
    }

    [Fact]
    public void A_finished_run_can_be_asked_again_and_extended()
    {
        var brief = Trainer.Train(s_options with { Steps = 5 }, Folder("run"));
        var again = Trainer.Train(s_options with { Steps = 5 }, Folder("run"), resume: new ResumePolicy());
        Assert.Equal(brief.WeightsSha256, again.WeightsSha256);
        Assert.Equal(brief.TestLoss, again.TestLoss);
        var longer = Trainer.Train(s_options, Folder("run"), resume: new ResumePolicy());
        Assert.Equal(Trainer.Train(s_options, Folder("whole")).WeightsSha256, longer.WeightsSha256);
    }

    [Fact]
    public void At_a_rate_of_zero_a_thousand_steps_leave_every_byte_as_it_was()
    {
        string small = TestData.Path("models", "stories260K");
        using var model = ModelLoader.Load(small, DType.F16);
        var options = s_options with { Model = small, Task = "sst2", DType = DType.F16 };
        var result = Trainer.Train(
            options with { LearningRate = 0, Steps = 1000, BatchSize = 1, TrainSize = 4, DevSize = 0, TestSize = 0 }, Folder("zero"));
        Assert.Equal(model.Parameters.Sha256(), result.WeightsSha256);
        Assert.Equal(2000, result.ForwardPasses);
    }

    [Fact]
    public void A_loss_that_is_not_finite_is_skipped_and_counted_and_leaves_the_weights_alone()
    {
        // A radius at which activations overflow.
        var result = Trainer.Train(s_options with { Epsilon = 1e30, DevSize = 0, StopOnDivergence = 0 }, Folder("nan"));
        using var model = ModelLoader.Load(ModelLoader.BuiltIn);
        Assert.Equal(12, result.SkippedSteps);
        Assert.Equal(model.Parameters.Sha256(), result.WeightsSha256);
        Assert.Equal(result.WeightsSha256, Replay.Run(Folder("nan")).WeightsSha256);
    }

    [Fact]
    public void The_checkpoint_holds_the_weights_of_the_lowest_dev_loss()
    {
        var result = Trainer.Train(s_options, Folder("run"));
        using var model = ModelLoader.Load(Folder("run").CheckpointFolder);
        Assert.Equal(Replay.Run(Folder("run"), result.SelectedStep).WeightsSha256, model.Parameters.Sha256());
        using var original = ModelLoader.Open(ModelLoader.BuiltIn);
        using var saved = CheckpointFolder.Open(Folder("run").CheckpointFolder);
        Assert.Equal(original.Tensors.Keys.Order(), saved.Tensors.Keys.Order());
    }

    [Fact]
    public void Another_configuration_is_refused_with_the_difference_named()
    {
        Trainer.Train(s_options with { Steps = 1 }, Folder("run"));
        var error = Assert.Throws<InvalidInputException>(
            () => Trainer.Train(s_options with { LearningRate = 2e-4 }, Folder("run"), resume: new ResumePolicy()));
        Assert.Contains("lr 0.0001, and 0.0002", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidInputException>(() => Trainer.Train(s_options, Folder("run")));
        Assert.Contains("Resume", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidInputException>(
            () => Trainer.Train(s_options with { TrainSize = 41 }, Folder("run"), resume: new ResumePolicy()));
        Assert.Contains("train_size", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dev_examples_come_from_their_own_file_where_there_is_one()
    {
        using var model = ModelLoader.Load(ModelLoader.BuiltIn);
        var tokenizer = ModelLoader.Tokenizer(model.Checkpoint);
        string[] rows = [.. Enumerable.Range(0, 30).Select(i => $$"""{"sentence": "number {{i}}", "label": {{i % 2}}}""")];
        File.WriteAllLines(_temp["train.jsonl"], rows[..20]);
        File.WriteAllLines(_temp["validation.jsonl"], rows[28..]);
        var options = s_options with { Task = "sst2-sentiment", Data = _temp.Path, DevSize = 5 };
        var without = TrainingExamples.Load(options, model, tokenizer);
        Assert.Equal((15, 5), (without.Train.Count, without.Dev.Count));
        File.WriteAllLines(_temp["dev.jsonl"], rows[20..28]);
        var with = TrainingExamples.Load(options, model, tokenizer);
        Assert.Equal((20, 5, 2), (with.Train.Count, with.Dev.Count, with.Test.Count));
        Assert.All(with.Dev, e => Assert.Contains("dev.jsonl", e.Where, StringComparison.Ordinal));
    }

    private static string Timeless(TrainingResult result) => (result with { Seconds = 0, PeakRssBytes = 0, Run = "" }).ToJson();

    private RunFolder Folder(string name) => new(_temp[name]);

    private sealed class StopAt(long step, CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value is TrainingProgress.Step s && s.Record.Step == step)
            {
                source.Cancel();
            }
        }
    }
}
