using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Files;
using IlZo.Models;

namespace IlZo.Training;

/// <summary>The files of a run; see docs/run-folder.md.</summary>
/// <param name="path">The folder.</param>
public sealed class RunFolder(string path)
{
    /// <summary>The name of a run's log.</summary>
    internal const string TrajectoryName = "trajectory.bin";

    /// <summary>The absolute path.</summary>
    public string FullPath { get; } = Path.GetFullPath(path);

    /// <summary>The configuration of the run, in JSON (<see cref="RunConfiguration"/>). It is written first.</summary>
    public string ConfigurationFile => Path.Combine(FullPath, "config.json");

    /// <summary>The log, from which the weights of every step can be rebuilt.</summary>
    public string TrajectoryFile => Path.Combine(FullPath, TrajectoryName);

    /// <summary>Steps and evaluations for reading, one JSON object per line; it decides nothing.</summary>
    public string MetricsFile => Path.Combine(FullPath, "metrics.jsonl");

    /// <summary>How long the run has taken.</summary>
    internal string ClockFile => Path.Combine(FullPath, "clock.json");

    /// <summary>The machine and the version that the run was last continued on (<see cref="RunEnvironment"/>).</summary>
    internal string EnvironmentFile => Path.Combine(FullPath, "environment.json");

    /// <summary>What the model answers before and after training (<see cref="RunSamples"/>).</summary>
    internal string SamplesFile => Path.Combine(FullPath, "samples.json");

    /// <summary>The run as a page for people.</summary>
    internal string ReportFile => Path.Combine(FullPath, "report.html");

    /// <summary>The result of the run; written when it ends.</summary>
    public string ResultFile => Path.Combine(FullPath, "result.json");

    /// <summary>The weights that were best on the dev examples, in the Hugging Face layout.</summary>
    public string CheckpointFolder => Path.Combine(FullPath, "checkpoint");

    /// <summary>The adapter that was best on the dev examples, in PEFT's format.</summary>
    public string AdapterFolder => Path.Combine(FullPath, "adapter");

    /// <summary>The adapter that the run began with, in PEFT's format, so that no later version has to recreate it.</summary>
    internal string StartFolder => Path.Combine(FullPath, "start");

    /// <summary>Where the run keeps what was best on the dev examples: the adapter if it trains one, otherwise the weights.</summary>
    internal string TrainedFolder(TrainingOptions options) => options.Adapter is null ? CheckpointFolder : AdapterFolder;

    /// <summary>Whether a run was started here.</summary>
    public bool HasRun => File.Exists(ConfigurationFile);

    /// <summary>Whether a folder is that of a run, and not a checkpoint, which has a config.json too.</summary>
    public bool IsRun => HasRun && (File.Exists(TrajectoryFile) || File.Exists(TrajectoryWriter.LockOf(TrajectoryFile)));

    /// <summary>The configuration of the run that was started here.</summary>
    /// <exception cref="InvalidInputException">There is none, or it cannot be read.</exception>
    public RunConfiguration ReadConfiguration()
    {
        if (!HasRun)
        {
            throw new InvalidInputException($"'{FullPath}' is not a run: config.json, which a run writes first, was expected.");
        }

        return RunConfiguration.Parse(ConfigurationFile, PlainFile.ReadAllBytes(ConfigurationFile));
    }

    /// <summary>
    /// Options to continue the run here, where the folder of the adapter that it began with is gone: with the adapter that the run kept.
    /// </summary>
    internal TrainingOptions WithKeptStart(TrainingOptions options) =>
        options.AdapterFolder is { } adapter && !Directory.Exists(adapter) && Directory.Exists(StartFolder)
            ? options with { Adapter = StartFolder }
            : options;

    /// <summary>The format that the run here was begun in, or would be.</summary>
    internal int BegunInFormat => HasRun ? ReadConfiguration().BegunInFormat : RunConfiguration.CurrentFormat;

    /// <summary>The log of the run, or null where it was not begun yet.</summary>
    /// <exception cref="InvalidInputException">It is not a run log, or damaged before its end.</exception>
    internal TrajectoryContent? ReadTrajectory() =>
        new FileInfo(TrajectoryFile) is { Exists: true, Length: >= TrajectoryFormat.HeaderBytes }
            ? TrajectoryReader.ReadAll(TrajectoryFile)
            : null;

    /// <summary>Starts a run in an empty or absent folder, or finds that it is the one to continue, of which nothing is changed.</summary>
    /// <param name="configuration">What is to be run, with the engine that is to compute.</param>
    /// <param name="resume">How the folder may hold the beginning of it; null where it may not.</param>
    /// <returns>The configuration of the run, with at least the steps that it had.</returns>
    /// <exception cref="InvalidInputException">The folder holds another run, or one that was not to be continued, or other
    /// files.</exception>
    internal RunConfiguration Start(RunConfiguration configuration, ResumePolicy? resume)
    {
        if (TryBegin(configuration))
        {
            return configuration;
        }

        if (resume is null)
        {
            throw new InvalidInputException(
                $"'{FullPath}' holds a run already; {Setting.Resume} to continue it or another folder was expected.");
        }

        var saved = ReadConfiguration();
        if (configuration.Options.Steps < saved.Options.Steps)
        {
            throw new InvalidInputException(
                $"{Setting.Steps} is {configuration.Options.Steps}, and the run in '{FullPath}' is one of {saved.Options.Steps}; "
                    + $"{saved.Options.Steps} or more was expected.");
        }

        RequireSameEngine(saved, configuration, resume);
        var continued = configuration.BegunAs(saved);
        RequireSameIdentity(saved, continued);
        return continued;
    }

    /// <summary>Makes an empty or absent folder that of a run which was begun elsewhere, or finds that it is.</summary>
    /// <param name="begun">The run.</param>
    /// <exception cref="InvalidInputException">The folder holds another run, or other files.</exception>
    internal void Adopt(RunConfiguration begun)
    {
        if (!TryBegin(begun))
        {
            RequireSameIdentity(ReadConfiguration(), begun);
        }
    }

    /// <summary>
    /// Records what the run is now and what computes the steps that follow. The log is open, so that no other process has the run.
    /// </summary>
    /// <param name="configuration">What <see cref="Start"/> returned.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="steps">Steps in the log.</param>
    /// <returns>The configuration as it is recorded.</returns>
    internal RunConfiguration Continue(RunConfiguration configuration, Engine engine, long steps)
    {
        var continued = configuration.ContinuedBy(engine, steps);
        byte[] json = continued.ToJson();
        if (!json.AsSpan().SequenceEqual(PlainFile.ReadAllBytes(ConfigurationFile)))
        {
            AtomicFile.WriteAllBytes(ConfigurationFile, json);
        }

        return continued;
    }

    /// <summary>
    /// Removes what a crash left of files that were being written. The log is open, so that no other process has the run.
    /// </summary>
    internal void RemoveTemporary()
    {
        foreach (string left in Directory.GetFiles(FullPath).Where(IsTemporary))
        {
            File.Delete(left);
        }
    }

    // False where a run was begun here already.
    private bool TryBegin(RunConfiguration configuration)
    {
        if (HasRun)
        {
            return false;
        }

        RequireEmpty();
        Directory.CreateDirectory(FullPath);
        using var alone = TrajectoryWriter.Lock(TrajectoryFile);
        if (HasRun)
        {
            return false;
        }

        AtomicFile.WriteAllBytes(ConfigurationFile, configuration.ToJson());
        return true;
    }

    // Another version of the arithmetic rounds differently too, but no one has the earlier version any more.
    private void RequireSameEngine(RunConfiguration saved, RunConfiguration asked, ResumePolicy resume)
    {
        var engine = asked.Engine;
        if (saved.EngineOn(engine.Kind) is { } own && own != engine)
        {
            throw new InvalidInputException(
                $"'{ConfigurationFile}' has engine {own} for this kind of device, and {engine} is requested now; the same engine and "
                    + "precision were expected to resume.");
        }

        var last = saved.Computed[^1];
        if (resume.Exact && last with { AfterStep = 0 } != asked.Computed[0])
        {
            throw new InvalidInputException(
                $"'{ConfigurationFile}' was computed by {last.Engine} in {last.Precision}, arithmetic {last.Arithmetic}, and {engine}, "
                    + $"arithmetic {engine.Arithmetic}, "
                + $"is to continue it; with {Setting.Exact} the same was expected.");
        }
    }

    private void RequireSameIdentity(RunConfiguration saved, RunConfiguration now)
    {
        // Whichever words were used.
        var (before, after) = (RunIdentity.Of(saved with { BegunOpt = null }), RunIdentity.Of(now with { BegunOpt = null }));

        // What was asked for says more than the hashes that follow from it.
        foreach (string name in before.Keys.Union(after.Keys).OrderBy(name => name.EndsWith("_sha256", StringComparison.Ordinal)))
        {
            string was = before.GetValueOrDefault(name, RunIdentity.FirstDefault(name));
            string isNow = after.GetValueOrDefault(name, RunIdentity.FirstDefault(name));
            if (was != isNow)
            {
                throw new InvalidInputException(
                    $"'{ConfigurationFile}' was started with {name} {was}, and {isNow} is requested now; the same configuration was "
                        + "expected to resume.");
            }
        }
    }

    private void RequireEmpty()
    {
        string[] entries = Directory.Exists(FullPath) ? Directory.GetFileSystemEntries(FullPath) : [];
        if (File.Exists(FullPath) || !entries.All(entry => IsTemporary(entry) || entry == TrajectoryWriter.LockOf(TrajectoryFile)))
        {
            throw new InvalidInputException($"'{FullPath}' is neither an empty folder nor a run; a new or empty folder was expected.");
        }
    }

    // A process that is killed while it writes one of these files leaves its temporary name.
    private bool IsTemporary(string path) =>
        new[] { ConfigurationFile, ResultFile, MetricsFile, EnvironmentFile, SamplesFile, ReportFile }.Any(
            file => AtomicFile.IsTemporaryOf(file, Path.GetFileName(path)));
}
