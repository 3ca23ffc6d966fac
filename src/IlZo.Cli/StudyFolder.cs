using System.CommandLine;
using IlZo.Reporting;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>The folder of a comparison or a sweep while it is at work: its results, and the journal of what has been done.</summary>
internal sealed class StudyFolder : IDisposable
{
    private readonly IReadOnlyList<string> _files;
    private readonly OutputFolder _output;

    /// <param name="path">The folder that was asked for; null for a new one under <c>runs/</c>.</param>
    /// <param name="resume">Whether to go on with what is there.</param>
    /// <param name="nameParts">What names a new one.</param>
    /// <param name="files">The names of the results.</param>
    /// <exception cref="InvalidInputException">There is nothing to go on with, results cannot stand there, or would replace the work of
    /// hours.</exception>
    public StudyFolder(string? path, bool resume, IEnumerable<string> nameParts, IReadOnlyList<string> files)
    {
        if (resume && path is null)
        {
            throw new InvalidInputException("--resume is given without --out; the two together were expected.");
        }

        _files = files;
        FullPath = Path.GetFullPath(path ?? RunName.Next(nameParts, p => OutputFolder.IsTaken(p, files)));
        RequireOwn(path);
        _output = new OutputFolder(FullPath, [.. files, TrialJournal.FileName]);
        try
        {
            Journal = TrialJournal.Resume(FullPath);
            if (!resume && Journal.Count > 0)
            {
                throw new InvalidInputException(
                    $"--out is '{path}', which holds {Journal.Count} runs that have ended; --resume, which goes on with them, or another "
                        + "folder was expected.");
            }
        }
        catch
        {
            _output.Dispose();
            throw;
        }
    }

    /// <summary>The folder.</summary>
    public string FullPath { get; }

    /// <summary>What has been done.</summary>
    public TrialJournal Journal { get; }

    /// <summary>What to say of it at the start; nothing where there is none of it.</summary>
    public string DoneBefore => Journal.Count > 0 ? $"; {Journal.Count} runs have ended before" : string.Empty;

    /// <summary>How to go on after an interruption.</summary>
    public string Continuation => $"the same command with --out \"{FullPath}\" --resume goes on.";

    /// <summary><c>--out</c>.</summary>
    public static Option<string?> OutFlag(IReadOnlyList<string> files) => Flags.Text(
        "--out", "DIR", $"Folder for {string.Join(", ", files)} and {TrialJournal.FileName} (default: a new one under runs/).");

    /// <summary><c>--jobs</c>.</summary>
    public static Option<int?> JobsFlag() => Flags.Number<int>(
        "--jobs", "N", "Runs at a time, each on its part of --threads: small models are faster so (default: 1).");

    /// <summary><c>--resume</c>.</summary>
    /// <param name="more">With what else than before only that is computed.</param>
    public static Option<bool> ResumeFlag(string more) => new("--resume")
    {
        Description = $"Take the runs that have ended from {TrialJournal.FileName} in the folder of --out; with more {more} only what is "
            + "new is computed.",
    };

    /// <summary><c>--config</c>.</summary>
    public static Option<string?> ConfigFlag() => Flags.Text(
        "--config", "FILE", "JSON object keyed by flag names, or a run's config.json, for what all runs share; flags take precedence.");

    /// <summary>Says where the results are, after what there is to say of the user's rows.</summary>
    public void SayResults(IReadOnlyList<string> notes, int? skippedRows)
    {
        foreach (string note in notes)
        {
            Terminal.Say(note);
        }

        if (skippedRows > 0)
        {
            Terminal.Say($"skipped rows: {skippedRows}");
        }

        Terminal.Say($"{FullPath}: {string.Join(", ", _files)}");
    }

    // A training, or a comparison in the place of a sweep, has reports of the same names.
    private void RequireOwn(string? path)
    {
        string[] all = [RunFolder.TrajectoryName, ComparisonFiles.NumbersFile, SweepFiles.NumbersFile];
        if (all.Except(_files).FirstOrDefault(name => File.Exists(Path.Combine(FullPath, name))) is { } other)
        {
            throw new InvalidInputException(
                $"--out is '{path}', in which {other} is of other work; a folder without it was expected.");
        }
    }

    public void Dispose()
    {
        Journal.Dispose();
        _output.Dispose();
    }
}
