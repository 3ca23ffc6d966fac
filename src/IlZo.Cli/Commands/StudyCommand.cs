using System.CommandLine;
using IlZo.Reporting;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo study</c>.</summary>
internal static class StudyCommand
{
    private static readonly Argument<string[]> s_tasks = new("NAME=DIR")
    {
        Description = "What a task is to be called, and the folder of a comparison with --target on it; all of the same methods.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string?> s_baseline = Flags.Text(
        "--baseline", "METHOD", "What the others are measured by (default: mezo, or the first method where it is not there).");

    private static readonly Option<bool> s_json = Flags.Json("Print the result as one JSON object.");

    public static Command Create()
    {
        var command = new Command(
            "study",
            "Join comparisons on several tasks: forward passes to each target relative to a baseline's, with paired intervals, Holm's "
                + "correction, and the smallest ratio that could have been found.")
        {
            s_tasks, s_baseline, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        (string Task, string Folder)[] tasks = [.. parsed.GetValue(s_tasks)!.Select(Split)];
        RequireDistinct(tasks.Select(t => t.Task), "task");
        RequireDistinct(tasks.Select(t => Path.TrimEndingDirectorySeparator(Path.GetFullPath(t.Folder))), "folder");
        var report = StudyReport.Of(
            [.. tasks.Select(t => (t.Task, ComparisonFiles.Read(t.Folder)))], parsed.GetValue(s_baseline));
        Terminal.Results.Write(parsed.GetValue(s_json) ? report.ToJson() + "\n" : StudyTables.Markdown(report));
        return 0;
    }

    private static (string Task, string Folder) Split(string argument) => argument.Split('=', 2) switch
    {
        [{ Length: > 0 } name, { Length: > 0 } folder] => (name, folder),
        _ => throw new InvalidInputException($"'{argument}' is no task; NAME=DIR was expected."),
    };

    // The same runs would count as those of independent tasks.
    private static void RequireDistinct(IEnumerable<string> values, string what)
    {
        if (values.GroupBy(v => v).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new InvalidInputException($"The {what} '{twice.Key}' is given twice; each {what} once was expected.");
        }
    }
}
