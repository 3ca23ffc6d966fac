using IlZo.Adapters;
using IlZo.Files;
using IlZo.Models;
using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>A run as it was left, for whoever reads it: its configuration and its log, which belong together.</summary>
internal sealed class SavedRun
{
    private readonly RunFolder _folder;
    private readonly RunHistory _history = new();

    private SavedRun(RunFolder folder, bool allowShortLog)
    {
        _folder = folder;
        Configuration = folder.ReadConfiguration();
        if (!File.Exists(folder.TrajectoryFile))
        {
            throw new InvalidInputException($"'{folder.TrajectoryFile}' is missing; the log of the run was expected.");
        }

        var content = TrajectoryReader.ReadAll(folder.TrajectoryFile);
        bool isFirst = content.Version == 1;
        byte[] fingerprint = isFirst
            ? FirstRunFormat.Fingerprint(Configuration, PlainFile.ReadAllBytes(folder.ConfigurationFile))
            : RunIdentity.Fingerprint(Configuration);
        if (!content.Fingerprint.AsSpan().SequenceEqual(fingerprint))
        {
            throw new InvalidInputException($"'{folder.TrajectoryFile}' belongs to another configuration than "
                + $"'{folder.ConfigurationFile}'; the run's own log was expected.");
        }

        if (!allowShortLog)
        {
            LogLength.Require(folder, content.Records.Count);
        }

        Records = content.Records;
        foreach (var entry in isFirst ? FirstRunFormat.Entries(content.Records, folder.MetricsFile, 0) : content.Entries)
        {
            _history.Add(entry);
        }
    }

    public RunConfiguration Configuration { get; }

    /// <summary>The steps.</summary>
    public IReadOnlyList<StepRecord> Records { get; }

    /// <summary>
    /// The step whose weights were saved last, and the SHA-256 of what was saved (<see cref="SavedWeights"/>); null where nothing was.
    /// </summary>
    public (long Step, string Sha256)? Saved => _history.Saved;

    /// <summary>Reads a run.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="allowShortLog">Whether its log may hold fewer steps than the run had.</param>
    /// <exception cref="InvalidInputException">There is no run, a file is damaged, or they do not belong together.</exception>
    public static SavedRun Open(RunFolder folder, bool allowShortLog = false) => new(folder, allowShortLog);

    /// <summary>What the run selected: its folder, which was checked.</summary>
    /// <exception cref="InvalidInputException">There is nothing yet, or it is not what the run saved.</exception>
    public string RequireSelected()
    {
        string trained = _folder.TrainedFolder(Configuration.Options);
        if (!Directory.Exists(trained))
        {
            throw new InvalidInputException(
                $"'{trained}' does not exist: the run has saved no weights yet, or they were deleted; "
                + "resuming the run continues until there are some, and a replay saves any step.");
        }

        if (Saved is { } saved)
        {
            RequireSaved(trained, saved);
        }

        return trained;
    }

    /// <summary>The model that a run's result is: a checkpoint, or the base, which was checked too, and an adapter.</summary>
    /// <exception cref="InvalidInputException">There is nothing yet, or it is not what the run saved, or the base is another
    /// one.</exception>
    public ModelSource Result()
    {
        string trained = RequireSelected();
        if (Configuration.Options.Adapter is null)
        {
            return new ModelSource(trained, null);
        }

        LoadStart().Dispose();
        return new ModelSource(Configuration.Options.Model, trained);
    }

    /// <summary>Loads the model as the run began, with the adapter that it began with.</summary>
    /// <param name="model">The base checkpoint where it is no longer where the run found it; else null.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">It cannot be loaded, or its weights are others than they were.</exception>
    internal LanguageModel LoadStart(string? model = null, CancellationToken cancellation = default)
    {
        var options = Configuration.Options with { Model = model ?? Configuration.Options.Model };
        var start = TrainableModel.Load(options, _folder, cancellation);
        if (start.Parameters.Sha256() == Configuration.BaseWeightsSha256)
        {
            return start;
        }

        start.Dispose();
        throw new InvalidInputException(
            $"'{options.Model}' has other weights than when the run started; those with SHA-256 {Configuration.BaseWeightsSha256} were "
                + "expected.");
    }

    /// <summary>Refuses saved weights that are not those of the log.</summary>
    internal static void RequireSaved(string trained, (long Step, string Sha256) saved)
    {
        string found = SavedWeights.Sha256(trained);
        if (found != saved.Sha256)
        {
            throw new InvalidInputException(
                $"'{trained}' is not what the run saved at step {saved.Step}: its SHA-256 is {found}; {saved.Sha256} was expected. "
                + "Resuming the run makes it again once it is moved away.");
        }
    }
}
