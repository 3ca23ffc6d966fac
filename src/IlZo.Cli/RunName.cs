using IlZo.Datasets;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>Names the folder of a run that was not given one.</summary>
internal static class RunName
{
    private const string Parent = "runs";

    /// <summary>A folder that does not exist yet, named for what the run does.</summary>
    /// <param name="options">Its model and task.</param>
    /// <param name="parts">What else is in the name.</param>
    public static string Next(TrainingOptions options, params string[] parts) => Next([.. SubjectOf(options), .. parts], Path.Exists);

    /// <summary>A folder below <c>runs</c> that is free, named by its parts.</summary>
    /// <param name="parts">The parts.</param>
    /// <param name="isTaken">Whether a folder is not free.</param>
    public static string Next(IEnumerable<string> parts, Func<string, bool> isTaken)
    {
        string name = string.Join('-', parts.Select(Plain).Where(p => p.Length > 0));
        string folder = Path.Combine(Parent, name);
        for (int i = 2; isTaken(folder); i++)
        {
            folder = Path.Combine(Parent, $"{name}-{i}");
        }

        return folder;
    }

    /// <summary>The run below <c>runs/</c> whose log was written to last.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public static string Last()
    {
        string[] folders = Directory.Exists(Parent) ? Directory.GetDirectories(Parent) : [];
        var last = folders.Select(f => new RunFolder(f)).Where(f => f.HasRun).MaxBy(f => File.GetLastWriteTimeUtc(f.TrajectoryFile));
        return last is null
            ? throw new InvalidInputException(
                $"--resume is given without --run, and there is no run under '{Parent}'; the folder of the run to continue was expected.")
            : Path.Combine(Parent, Path.GetFileName(last.FullPath));
    }

    /// <summary>What names a training's model and task.</summary>
    public static IReadOnlyList<string> SubjectOf(TrainingOptions options)
    {
        string model = Path.GetFileName(Path.TrimEndingDirectorySeparator(options.Model));
        string task = Presets.TaskOf(options) is var name and not UserData.TaskName
            ? Path.GetFileNameWithoutExtension(name)
            : Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(options.Data!));
        return [model, task];
    }

    /// <summary>A text as part of the name of a folder.</summary>
    public static string Plain(string text) =>
        string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_')).Trim('.');
}
