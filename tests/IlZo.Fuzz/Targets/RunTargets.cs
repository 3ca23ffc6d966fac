using System.Diagnostics;
using System.Text;
using System.Xml.Linq;
using IlZo.Fuzz.Mutation;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Reporting;
using IlZo.Training;

namespace IlZo.Fuzz.Targets;

/// <summary>The files of a run.</summary>
internal static class RunTargets
{
    private static readonly string[] s_metricWords =
    [
        "step", "loss", "lr", "tokens", "forward_passes", "dev_loss", "dev_accuracy", "dev_f1", "zero_shot_loss", "zero_shot_total",
        "zero_shot_correct", "zero_shot_f1", "seconds", "\n", "\r\n", "\r",
    ];

    private static readonly string[] s_configWords =
    [
        "format", "arithmetic", "options", "base_weights_sha256", "examples_sha256", "continued", "after_step", "engine", "precision",
        "managed", "cuda", "fp32", "bf16x3", "model", "task", "data",
        "optimizer", "steps", "batch_size", "learning_rate", "lr", "epsilon", "eps", "seed", "adapter", "lora", "prefix", "rank", "alpha",
        "schedule", "constant", "cosine", "warmup",
    ];

    public static IEnumerable<FuzzTarget> All =>
    [
        new("trajectory", "trajectory.bin", TrajectorySeeds, new TrajectoryMutator(), () => ReadTrajectory),
        new("metrics", "metrics.jsonl", () => SeedFiles.In("metrics"), new JsonMutator(s_metricWords), ReadMetrics),
        new("result", "result.json of a run", () => SeedFiles.In("result"), new JsonMutator("steps", "weights_sha256", "run"), ReadResult),
        new("report", "metrics.jsonl for a report", () => SeedFiles.In("metrics"), new JsonMutator(s_metricWords), ReadForReport),
        new(
            "environment", "environment.json of a run", EnvironmentSeeds, new JsonMutator("ilzo", "processor", "memory_bytes"),
            () => ReadEnvironment),
        new(
            "samples", "samples.json of a run, shown", SampleSeeds, new JsonMutator("after_step", "samples", "prompt", "before"),
            () => ReadSamples),
        new("clock", "clock.json of a run", () => SeedFiles.In("clock"), new JsonMutator("seconds", "steps", "loading"), () => ReadClock),
        new("run-config", "config.json of a run", RunConfigurationSeeds, new JsonMutator(s_configWords), () => ReadConfiguration),
    ];

    private static IEnumerable<byte[]> TrajectorySeeds() =>
        [TrajectoryMutator.Make([]), TrajectoryMutator.Make([.. Records.Select(r => new StepEntry(r, 2, 100))])];

    private static StepRecord[] Records =>
        [.. Enumerable.Range(1, 3).Select(
            step => new StepRecord { Step = step, LearningRate = 1e-3, Losses = [1.5, 1.25], Coefficients = [0.5 * step] })];

    private static void ReadTrajectory(byte[] input)
    {
        using var stream = new MemoryStream(input, writable: false);
        TrajectoryReader.Read("input", stream, out _);
    }

    // As what a run in format 1 keeps its evaluations in, and as what says how long a log ought to be.
    private static Action<byte[]> ReadMetrics()
    {
        var folder = new RunFolder(Scratch.Path("run"));
        Directory.CreateDirectory(folder.FullPath);
        return input =>
        {
            File.WriteAllBytes(folder.MetricsFile, input);
            LogLength.Require(folder, 1000);
            FirstRunFormat.Entries(Records, folder.MetricsFile, devExamples: 8);
        };
    }

    private static Action<byte[]> ReadResult()
    {
        var folder = new RunFolder(Scratch.Path("ended"));
        Directory.CreateDirectory(folder.FullPath);
        return input =>
        {
            File.WriteAllBytes(folder.ResultFile, input);
            LogLength.Require(folder, 20);
            RunOutcome.Read(folder.ResultFile);
        };
    }

    // Pages of one run and of two, and what is exported from it.
    private static Action<byte[]> ReadForReport()
    {
        var folder = new RunFolder(Scratch.Path("reported"));
        Directory.CreateDirectory(folder.FullPath);
        File.WriteAllBytes(folder.ConfigurationFile, RunConfigurationSeeds().First());
        return input =>
        {
            File.WriteAllBytes(folder.MetricsFile, input);
            HtmlReport.Of(RunReport.Of(RunReport.Read([(folder, "one")])));
            var both = RunReport.Of(RunReport.Read([(folder, "one"), (folder, "two")]));
            HtmlReport.Of(both);
            foreach (var chart in both.Charts)
            {
                XDocument.Parse(SvgChart.Of(chart));
            }

            MetricsCsv.Write(Scratch.Path("metrics.csv"), [(folder, "one")]);
            TensorBoardEvents.Write(Scratch.Path("events"), folder);
        };
    }

    private static IEnumerable<byte[]> EnvironmentSeeds()
    {
        string path = Scratch.Path("environment.seed");
        RunEnvironment.Current().WriteTo(path);
        yield return File.ReadAllBytes(path);
    }

    private static IEnumerable<byte[]> SampleSeeds()
    {
        string path = Scratch.Path("samples.seed");
        new RunSamples(8, [new("a.csv:1", "one\ntwo", "<b>", null, "…"), new("a.csv:2", "", "x", "y", null)]).WriteTo(path);
        yield return File.ReadAllBytes(path);
    }

    // As a page shows them.
    private static void ReadSamples(byte[] input)
    {
        if (RunSamples.Read(Scratch.File("samples.json", input)) is { } samples)
        {
            HtmlReport.Of(new ReportDocument("", "") { Sections = [RunReport.SectionOf(samples)] });
        }
    }

    private static void ReadEnvironment(byte[] input) => RunEnvironment.Read(Scratch.File("environment.json", input));

    private static void ReadClock(byte[] input) => RunClock.Open(Scratch.File("clock.json", input), new Stopwatch()).Dispose();

    private static IEnumerable<byte[]> RunConfigurationSeeds() =>
        new[] { new TrainingOptions(), new TrainingOptions { Adapter = "lora", Model = "m", LearningRate = 1e-6 } }
            .Select(options => new RunConfiguration(options, new string('0', 64), new string('1', 64)).ToJson())
            .Append(Encoding.UTF8.GetBytes("""{"options":{},"base_weights_sha256":"0","examples_sha256":"1","continued":[{"after_step":3,"engine":"cuda","precision":"bf16x3"}]}"""));

    private static void ReadConfiguration(byte[] input)
    {
        var configuration = RunConfiguration.Parse("input", input);
        configuration.Options.Validate();
        RunIdentity.Fingerprint(configuration);
        FirstRunFormat.Fingerprint(configuration, input);
    }
}
