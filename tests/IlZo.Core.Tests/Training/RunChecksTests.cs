using IlZo.Models;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>What a run knows of its start, and what of its folder is checked before it is believed.</summary>
public sealed class RunChecksTests : IDisposable
{
    private static readonly string s_model = TestData.Path("models", "stories260K");

    private static readonly TrainingOptions s_options = new()
    {
        Model = s_model,
        Task = "sst2",
        Steps = 12,
        BatchSize = 4,
        TrainSize = 40,
        DevSize = 8,
        TestSize = 10,
        EvalEvery = 4,
        Threads = 2,
        LearningRate = 1e-4,
    };

    // What ruins the built-in model's losses at once, or makes them overflow, does not do so to the small one's.
    private static readonly TrainingOptions s_builtIn = s_options with { Model = ModelLoader.BuiltIn, Task = new TrainingOptions().Task };

    private static readonly ResumePolicy s_resume = new();

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_run_that_ends_worse_says_so_and_keeps_its_start()
    {
        var result = Trainer.Train(s_builtIn with { LearningRate = 1 }, Folder("run"));
        Assert.True(result.EndedWorse);
        Assert.Equal((EarlyStop.Divergence, 0, 4), (result.Stopped!.Value, result.SelectedStep, result.Steps));
        Assert.Equal(result.DevLossAtStart, result.DevLoss);
        Assert.Equal(result.ZeroShotAccuracy, result.TestAccuracy);
        Assert.Equal(BaseSha(ModelLoader.BuiltIn), CheckpointSha("run"));
        Assert.Equal((0, result.SelectedSha256), SavedRun.Open(Folder("run")).Saved!.Value);

        // Asked again it says the same, and without the rule it goes on.
        Assert.Equal(result.WeightsSha256, Trainer.Train(s_builtIn with { LearningRate = 1 }, Folder("run"), s_resume).WeightsSha256);
        Assert.Equal(12, Trainer.Train(s_builtIn with { LearningRate = 1, StopOnDivergence = 0 }, Folder("run"), s_resume).Steps);
    }

    [Fact]
    public void Without_dev_examples_the_test_loss_says_whether_a_run_ended_worse()
    {
        var worse = Trainer.Train(s_options with { LearningRate = 1, DevSize = 0, StopOnDivergence = 0 }, Folder("worse"));
        Assert.Equal((true, 0), (worse.EndedWorse, worse.SelectedStep));
        Assert.Equal(BaseSha(s_model), CheckpointSha("worse"));
        var unmoved = Trainer.Train(s_options with { LearningRate = 0, DevSize = 0 }, Folder("unmoved"));
        Assert.Equal((false, 12), (unmoved.EndedWorse, unmoved.SelectedStep));
    }

    [Fact]
    public void A_run_whose_steps_are_all_skipped_ended_worse()
    {
        var result = Trainer.Train(s_builtIn with { Epsilon = 1e30 }, Folder("run"));
        Assert.Equal((true, 0, result.Steps), (result.EndedWorse, result.SelectedStep, (long)result.SkippedSteps));
        Assert.Equal(BaseSha(ModelLoader.BuiltIn), CheckpointSha("run"));
    }

    [Fact]
    public void Patience_ends_a_run_and_more_of_it_goes_on()
    {
        var ended = Trainer.Train(s_options with { LearningRate = 0, Patience = 2 }, Folder("run"));
        Assert.Equal((EarlyStop.Patience, 8), (ended.Stopped!.Value, ended.Steps));
        Assert.Equal(12, Trainer.Train(s_options with { LearningRate = 0, Patience = 5 }, Folder("run"), s_resume).Steps);
    }

    [Fact]
    public void Metrics_decide_nothing_and_are_written_anew()
    {
        var whole = Trainer.Train(s_options, Folder("whole"));
        Trainer.Train(s_options with { Steps = 8 }, Folder("begun"));
        string?[] contents = [null, "{\"step\": 4, \"dev_loss\": 0.0001, \"dev_accuracy\": 1}\n", "\r\r{{{\n\0"];
        foreach (var (i, content) in contents.Index())
        {
            var run = Copy("begun", $"run-{i}");
            if (content is null)
            {
                File.Delete(run.MetricsFile);
            }
            else
            {
                File.WriteAllText(run.MetricsFile, content);
            }

            var resumed = Trainer.Train(s_options, run, s_resume);
            Assert.Equal(
                (whole.SelectedStep, whole.SelectedSha256, whole.ForwardPasses),
                (resumed.SelectedStep, resumed.SelectedSha256, resumed.ForwardPasses));
            Assert.Equal(File.ReadAllText(Folder("whole").MetricsFile), File.ReadAllText(run.MetricsFile));
            Assert.True(resumed.Seconds > 0);
        }
    }

    [Fact]
    public void A_checkpoint_that_was_changed_is_refused_and_one_that_is_gone_is_made_again()
    {
        Trainer.Train(s_options with { Steps = 8 }, Folder("run"));
        string weights = Path.Combine(Folder("run").CheckpointFolder, "model.safetensors");
        string config = Path.Combine(Folder("run").CheckpointFolder, "config.json");
        byte[] before = File.ReadAllBytes(weights);
        byte[] flipped = [.. before];
        flipped[^5] ^= 4;
        File.WriteAllBytes(weights, flipped);
        Refused();
        File.WriteAllBytes(weights, before);
        SavedRun.Open(Folder("run")).Result();
        string json = File.ReadAllText(config);
        File.WriteAllText(config, json.Replace("\"num_attention_heads\"", "\"num_attention_heads_\"", StringComparison.Ordinal));
        Refused();
        Directory.Delete(Folder("run").CheckpointFolder, recursive: true);
        Assert.Throws<InvalidInputException>(() => SavedRun.Open(Folder("run")).Result());
        Trainer.Train(s_options with { Steps = 8 }, Folder("run"), s_resume);
        Assert.Equal(before, File.ReadAllBytes(weights));

        void Refused()
        {
            byte[] log = File.ReadAllBytes(Folder("run").TrajectoryFile);
            Assert.Contains(
                "SHA-256",
                Assert.Throws<InvalidInputException>(() => SavedRun.Open(Folder("run")).Result()).Message,
                StringComparison.Ordinal);
            Assert.Contains(
                "SHA-256",
                Assert.Throws<InvalidInputException>(() => Trainer.Train(s_options, Folder("run"), s_resume)).Message,
                StringComparison.Ordinal);
            Assert.Equal(log, File.ReadAllBytes(Folder("run").TrajectoryFile));
        }
    }

    [Fact]
    public void A_log_that_is_short_is_gone_on_from_only_where_that_is_allowed()
    {
        var whole = Trainer.Train(s_options, Folder("run"));
        byte[] log = File.ReadAllBytes(Folder("run").TrajectoryFile);
        File.WriteAllBytes(Folder("run").TrajectoryFile, log[..(log.Length / 2)]);
        foreach (var attempt in new Action[] { () =>
            Replay.Run(Folder("run")), () => Trainer.Train(s_options, Folder("run"), s_resume), () => SavedRun.Open(Folder("run")) })
        {
            string message = Assert.Throws<InvalidInputException>(attempt).Message;
            Assert.Contains("says 12: the last ", message, StringComparison.Ordinal);
        }

        Assert.InRange(Replay.Run(Folder("run"), allowShortLog: true).Steps, 1, 11);
        Directory.Delete(Folder("run").CheckpointFolder, recursive: true);
        Assert.Equal(whole.WeightsSha256, Trainer.Train(s_options, Folder("run"), new ResumePolicy(AllowShortLog: true)).WeightsSha256);
        Assert.Equal(log, File.ReadAllBytes(Folder("run").TrajectoryFile));

        File.WriteAllBytes(Folder("run").TrajectoryFile, []);
        Assert.Throws<InvalidInputException>(() => Trainer.Train(s_options, Folder("run"), s_resume));
        Assert.Empty(File.ReadAllBytes(Folder("run").TrajectoryFile));
    }

    [Fact]
    public void A_result_that_is_not_that_of_the_log_is_refused_by_a_replay()
    {
        var result = Trainer.Train(s_options with { Steps = 4 }, Folder("run"));
        File.WriteAllText(Folder("run").ResultFile, (result with { WeightsSha256 = new string('0', 64) }).ToJson());
        Assert.Contains(
            result.WeightsSha256, Assert.Throws<InvalidInputException>(() => Replay.Run(Folder("run"))).Message, StringComparison.Ordinal);
        Assert.Equal(3, Replay.Run(Folder("run"), 3).Steps);
    }

    [Fact]
    public void A_folder_that_is_moved_while_a_run_goes_on_ends_it()
    {
        var move = new AtStep(2, () => Directory.Move(Folder("run").FullPath, _temp["elsewhere"]));
        Assert.Contains(
            "Resume",
            Assert.Throws<IOException>(() => Trainer.Train(s_options, Folder("run"), null, move)).Message,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder("run").FullPath));
        Assert.Equal(
            Trainer.Train(s_options, Folder("whole")).WeightsSha256, Trainer.Train(s_options, Folder("elsewhere"), s_resume).WeightsSha256);
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("prefix")]
    public void An_adapter_is_replayed_and_continued_from_the_start_that_the_run_kept(string kind)
    {
        var options = s_options with { Adapter = kind, LearningRate = 1e-3, Epsilon = 1e-2 };
        var whole = Trainer.Train(options, Folder("whole"));
        Trainer.Train(options with { Steps = 5 }, Folder("run"));

        // Other seeds would make another start; what counts is the one in the folder.
        Assert.True(Directory.Exists(Folder("run").StartFolder));
        Assert.Equal(whole.WeightsSha256, Trainer.Train(options, Folder("run"), s_resume).WeightsSha256);
        Assert.Equal(whole.WeightsSha256, Replay.Run(Folder("run")).WeightsSha256);
        var source = ModelSource.Of(Folder("run").FullPath);
        Assert.Equal((s_model, Folder("run").AdapterFolder), (source.Model, source.Adapter));
    }

    [Fact]
    public void A_run_stands_for_its_result_where_a_model_is_named()
    {
        Trainer.Train(s_options with { Steps = 4 }, Folder("run"));
        Assert.Equal(new ModelSource(Folder("run").CheckpointFolder, null), ModelSource.Of(Folder("run").FullPath));
        Assert.Equal(new ModelSource("builtin", null), ModelSource.Of("builtin"));
        Assert.Equal(new ModelSource(Folder("run").CheckpointFolder, null), ModelSource.Of(Folder("run").CheckpointFolder));
    }

    private static string BaseSha(string name)
    {
        using var model = ModelLoader.Load(name);
        return model.Parameters.Sha256();
    }

    private string CheckpointSha(string run)
    {
        using var model = ModelLoader.Load(Folder(run).CheckpointFolder);
        return model.Parameters.Sha256();
    }

    private RunFolder Folder(string name) => new(_temp[name]);

    private RunFolder Copy(string name, string copy)
    {
        foreach (string file in Directory.GetFiles(_temp[name], "*", SearchOption.AllDirectories))
        {
            string target = _temp[copy, Path.GetRelativePath(_temp[name], file)];
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return Folder(copy);
    }

    private sealed class AtStep(long step, Action action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value is TrainingProgress.Step s && s.Record.Step == step)
            {
                action();
            }
        }
    }
}
