using System.Text.Json;
using IlZo.Models;
using IlZo.Tasks;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>
/// Runs of users belong to them for ever: those in <c>tests/data/kept-runs</c> are replayed and continued to the bits that they had.
/// </summary>
public sealed class KeptRunsTests : IDisposable
{
    private const int MoreSteps = 24;

    private static readonly ResumePolicy s_resume = new();

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("format1-full")]
    [InlineData("format1-lora")]
    [InlineData("format1-decay")]
    [InlineData("format2-full")]
    [InlineData("format2-lora")]
    [InlineData("format2-prefix")]
    [InlineData("format2-head")]
    [InlineData("format2-loren")]
    [InlineData("format2-loren-said")]
    public void A_run_is_replayed_to_the_weights_that_it_had(string name)
    {
        var folder = Copy(name);
        Assert.Equal(Result(folder, "weights_sha256"), Replay.Run(folder, model: Base(folder)).WeightsSha256);
        Assert.Equal(20, Replay.Run(folder, model: Base(folder)).Steps);
    }

    [Theory]
    [InlineData("format1-full")]
    [InlineData("format1-lora")]
    [InlineData("format1-decay")]
    [InlineData("format2-full")]
    [InlineData("format2-lora")]
    [InlineData("format2-prefix")]
    [InlineData("format2-head")]
    [InlineData("format2-loren")]
    [InlineData("format2-loren-said")]
    public void A_run_is_continued_and_its_past_stays_as_it_was(string name)
    {
        var folder = Copy(name);
        var before = TrajectoryReader.ReadAll(folder.TrajectoryFile);
        var result = Trainer.Train(Options(folder) with { Steps = MoreSteps }, folder, s_resume);
        var after = TrajectoryReader.ReadAll(folder.TrajectoryFile);
        Assert.Equal(before.Records, after.Records.Take(20));
        Assert.Equal(MoreSteps, after.Records.Count);
        Assert.Equal(2u, after.Version);
        Assert.Equal(2, folder.ReadConfiguration().Format);
        Assert.Equal(result.WeightsSha256, Replay.Run(folder, model: Base(folder)).WeightsSha256);
        Assert.Equal(SavedWeights.Sha256(folder.TrainedFolder(Options(folder))), result.SelectedSha256);
    }

    // What it saved is gone, and is made again on the way.
    [Theory]
    [InlineData("format2-full")]
    [InlineData("format2-lora")]
    [InlineData("format2-prefix")]
    [InlineData("format2-head")]
    [InlineData("format2-loren")]
    [InlineData("format2-loren-said")]
    public void A_run_makes_what_it_saved_again(string name)
    {
        var folder = Copy(name);
        byte[] log = File.ReadAllBytes(folder.TrajectoryFile);
        string metrics = File.ReadAllText(folder.MetricsFile);
        string saved = Result(folder, "selected_sha256");
        var result = Trainer.Train(Options(folder), folder, s_resume);
        Assert.Equal(saved, result.SelectedSha256);
        Assert.Equal(saved, SavedWeights.Sha256(folder.TrainedFolder(Options(folder))));
        Assert.Equal(log, File.ReadAllBytes(folder.TrajectoryFile));
        Assert.Equal(metrics, File.ReadAllText(folder.MetricsFile));
    }

    /// <summary>
    /// The weights after four more steps, by the arithmetic that computes them: another one may round differently, this one may not.
    /// </summary>
    [Theory]
    [InlineData("format2-full", "2", "539b12e39e83673c157917b66a47b685928597759b4d38fa6d7d3862ae05b21d")]
    public void Steps_that_continue_a_run_have_the_bits_of_their_arithmetic(string name, string arithmetic, string sha256)
    {
        var folder = Copy(name);
        var result = Trainer.Train(Options(folder) with { Steps = MoreSteps }, folder, s_resume);
        Assert.Equal((arithmetic, sha256), (result.Computed[^1].Arithmetic, result.WeightsSha256));
    }

    // A default has changed since. What identifies the run is what it was begun with.
    [Theory]
    [InlineData("format2-loren", "")]
    [InlineData("format2-loren-said", "source=false")]
    public void A_run_means_the_defaults_of_its_time(string name, string recorded)
    {
        var folder = Copy(name);
        Assert.Equal("source=false", folder.ReadConfiguration().Options.Opt);
        var asked = Options(folder) with { Steps = MoreSteps };
        foreach (string other in new[] { "", "source=true" })
        {
            string message = Assert.Throws<InvalidInputException>(
                () => Trainer.Train(asked with { Opt = other }, folder, s_resume)).Message;
            Assert.Contains(
                "was started with opt \"source=false\", and \"source=true\" is requested now", message, StringComparison.Ordinal);
        }

        Trainer.Train(asked, folder, s_resume);
        using var json = JsonDocument.Parse(File.ReadAllBytes(folder.ConfigurationFile));
        Assert.Equal(recorded, json.RootElement.GetProperty("options").GetProperty("opt").GetString());
    }

    [Fact]
    public void A_new_run_says_an_option_whose_default_has_changed()
    {
        var folder = new RunFolder(_temp["new"]);
        var options = new TrainingOptions
        {
            Optimizer = "loren",
            Steps = 1,
            BatchSize = 1,
            TrainSize = 2,
            DevSize = 1,
            TestSize = 1,
            Samples = 0,
            Threads = 1,
        };
        Trainer.Train(options, folder);
        Assert.Equal("source=true", folder.ReadConfiguration().Options.Opt);
        Trainer.Train(options with { Steps = 2 }, folder, s_resume);
        Trainer.Train(options with { Steps = 3, Opt = "source=true" }, folder, s_resume);
    }

    [Fact]
    public void A_run_of_format_1_keeps_its_evaluations()
    {
        var folder = Copy("format1-full");
        string before = File.ReadAllText(folder.MetricsFile);
        var result = Trainer.Train(Options(folder) with { Steps = MoreSteps }, folder, s_resume);
        Assert.StartsWith(before, File.ReadAllText(folder.MetricsFile), StringComparison.Ordinal);
        Assert.True(result.DevLoss <= 1.378152744291408);
    }

    [Fact]
    public void A_run_of_format_1_without_its_metrics_is_refused()
    {
        var folder = Copy("format1-lora");
        File.Delete(folder.MetricsFile);
        string message = Assert.Throws<InvalidInputException>(() => Trainer.Train(Options(folder), folder, s_resume)).Message;
        Assert.Contains("metrics.jsonl", message, StringComparison.Ordinal);
    }

    private TrainingOptions Options(RunFolder folder)
    {
        var options = folder.ReadConfiguration().Options;
        return options with { Model = Base(folder) ?? options.Model, Threads = 2 };
    }

    // The model that a head was added to is made as it was then; most others train the built-in one.
    private string? Base(RunFolder folder)
    {
        if (!folder.FullPath.EndsWith("head", StringComparison.Ordinal))
        {
            return folder.FullPath.EndsWith("decay", StringComparison.Ordinal) ? TestData.Path("models", "stories260K") : null;
        }

        string path = _temp["with-head"];
        if (!Directory.Exists(path))
        {
            using var model = ModelLoader.Load(ModelLoader.BuiltIn);
            ClassificationCheckpoint.Write(model, TaskCatalog.Load("sst2").ClassNames, 0, path);
        }

        return path;
    }

    private RunFolder Copy(string name)
    {
        string source = TestData.Path("kept-runs", name);
        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string target = _temp[name, Path.GetRelativePath(source, file)];
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return new RunFolder(_temp[name]);
    }

    private static string Result(RunFolder folder, string field)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(folder.ResultFile));
        return json.RootElement.GetProperty(field).GetString()!;
    }
}
