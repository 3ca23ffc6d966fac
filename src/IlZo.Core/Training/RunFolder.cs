using IlZo.Backends;
using IlZo.Checkpoints;

namespace IlZo.Training;

/// <summary>The files of a run; see docs/run-folder.md.</summary>
/// <param name="path">The folder.</param>
public sealed class RunFolder(string path)
{
    public string FullPath { get; } = Path.GetFullPath(path);

    public string ConfigurationFile => Path.Combine(FullPath, "config.json");

    public string TrajectoryFile => Path.Combine(FullPath, "trajectory.bin");

    public string MetricsFile => Path.Combine(FullPath, "metrics.jsonl");

    /// <summary>What the run came to; written when it ends.</summary>
    public string ResultFile => Path.Combine(FullPath, "result.json");

    /// <summary>The weights that were best on the dev examples, in the Hugging Face layout.</summary>
    public string CheckpointFolder => Path.Combine(FullPath, "checkpoint");

    /// <summary>The adapter that was best on the dev examples, in PEFT's format.</summary>
    public string AdapterFolder => Path.Combine(FullPath, "adapter");

    /// <summary>Where the run keeps what was best on the dev examples: the adapter if it trains one, else the weights.</summary>
    public string TrainedFolder(TrainingOptions options) => options.Adapter is null ? CheckpointFolder : AdapterFolder;

    /// <summary>Whether a run was started here.</summary>
    public bool HasRun => File.Exists(ConfigurationFile);

    /// <summary>The configuration of the run that was started here.</summary>
    /// <exception cref="InvalidInputException">There is none, or it cannot be read.</exception>
    public RunConfiguration ReadConfiguration()
    {
        if (!HasRun)
        {
            throw new InvalidInputException($"'{FullPath}' holds no run: config.json, which a run writes first, was expected.");
        }

        return RunConfiguration.Parse(ConfigurationFile, File.ReadAllBytes(ConfigurationFile));
    }

    /// <summary>Starts a run in an empty or absent folder, or finds that it is the one to continue, of which nothing is changed.</summary>
    /// <param name="configuration">What is to be run, with the engine that is to compute.</param>
    /// <param name="resume">Whether the folder may hold the beginning of it.</param>
    /// <returns>The configuration of the run, with the steps that are asked for now where they are more than before.</returns>
    /// <exception cref="InvalidInputException">The folder holds another run, or one that was not to be continued, or other files.</exception>
    public RunConfiguration Start(RunConfiguration configuration, bool resume)
    {
        if (!HasRun)
        {
            RequireEmpty();
            Directory.CreateDirectory(FullPath);
            using var alone = TrajectoryWriter.Lock(TrajectoryFile);
            if (!HasRun)
            {
                AtomicFile.WriteAllBytes(ConfigurationFile, configuration.ToJson());
                return configuration;
            }
        }

        if (!resume)
        {
            throw new InvalidInputException($"'{FullPath}' holds a run already; --resume to continue it or another --run was expected.");
        }

        var saved = ReadConfiguration();
        var engine = configuration.Engine;
        if (saved.EngineOn(engine.Kind) is { } own && own != engine)
        {
            throw new InvalidInputException(
                $"'{ConfigurationFile}' has engine {own} for this kind of device, and {engine} is asked for now; the same engine and precision were expected to resume.");
        }

        var continued = configuration.BegunAs(saved);
        foreach (var ((name, before), (_, now)) in saved.Identity().Zip(continued.Identity()))
        {
            if (before != now)
            {
                throw new InvalidInputException(
                    $"'{ConfigurationFile}' was started with {name} {before}, and {now} is asked for now; the same configuration was expected to resume.");
            }
        }

        return continued.Options.Steps > saved.Options.Steps ? continued : saved;
    }

    /// <summary>
    /// Records how many steps there are to be and what computes those that follow, and removes what a crash left. The log is open, so
    /// that no other process has the run.
    /// </summary>
    /// <param name="configuration">What <see cref="Start"/> returned.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="steps">Steps in the log.</param>
    public void Continue(RunConfiguration configuration, Engine engine, long steps)
    {
        var (saved, continued) = (ReadConfiguration(), configuration.ContinuedBy(engine, steps));
        if (continued.Options.Steps > saved.Options.Steps || !continued.Continued.SequenceEqual(saved.Continued))
        {
            AtomicFile.WriteAllBytes(ConfigurationFile, continued.ToJson());
        }

        foreach (string left in Directory.GetFiles(FullPath).Where(IsTemporary))
        {
            File.Delete(left);
        }
    }

    private void RequireEmpty()
    {
        string[] entries = Directory.Exists(FullPath) ? Directory.GetFileSystemEntries(FullPath) : [];
        if (File.Exists(FullPath) || !entries.All(entry => IsTemporary(entry) || entry == TrajectoryWriter.LockOf(TrajectoryFile)))
        {
            throw new InvalidInputException($"'{FullPath}' is not an empty folder and holds no run; a new or empty folder was expected.");
        }
    }

    // A process that is killed while it writes one of these files leaves its temporary name.
    private bool IsTemporary(string path) =>
        new[] { ConfigurationFile, ResultFile }.Any(file => AtomicFile.IsTemporaryOf(file, Path.GetFileName(path)));
}
