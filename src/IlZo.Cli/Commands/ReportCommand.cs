using System.CommandLine;
using IlZo.Checkpoints;
using IlZo.Reporting;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo report</c>.</summary>
internal static class ReportCommand
{
    private const string DefaultName = "report.html";

    private static readonly Argument<string[]> s_runs = new("RUN")
    {
        Description = "Folders of runs; several are drawn over one another.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string?> s_output = Flags.Text(
        "--out", "FILE", $"The page to write (default: {DefaultName} in the run's folder, or here for several runs).");

    private static readonly Option<string?> s_svg = Flags.Text("--svg", "DIR", "Write each chart to a file of its own here, too.");

    private static readonly Option<string?> s_csv = Flags.Text(
        "--csv", "FILE", "Write all logged values, too: a row for each line of metrics.jsonl.");

    private static readonly Option<string?> s_tensorBoard = Flags.Text(
        "--tensorboard", "DIR", "Write event files for TensorBoard, too: a folder for each run.");

    public static Command Create()
    {
        var command = new Command("report", "Write a page with the curves and figures of a run, or of several runs side by side.")
        {
            s_runs, s_output, s_svg, s_csv, s_tensorBoard,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var runs = Named(parsed.GetValue(s_runs)!);
        string? page = parsed.GetValue(s_output);
        string? csv = parsed.GetValue(s_csv);
        foreach (var (option, path) in new[] { (s_output, page), (s_csv, csv) })
        {
            if (path is not null)
            {
                OutputFile.Check(option.Name, path);
            }
        }

        string output = page ?? (runs.Count == 1 ? runs[0].Folder.ReportFile : DefaultName);
        var document = RunReport.Of(RunReport.Read(runs));
        HtmlReport.Write(output, document);
        var written = new List<string> { output };
        if (parsed.GetValue(s_svg) is { } svg)
        {
            Folder(s_svg, svg);
            written.AddRange(document.Charts.Select(chart =>
            {
                string file = Path.Combine(svg, $"{chart.Id}.svg");
                AtomicFile.WriteAllText(file, SvgChart.Of(chart));
                return file;
            }));
        }

        if (csv is not null)
        {
            MetricsCsv.Write(csv, runs);
            written.Add(csv);
        }

        if (parsed.GetValue(s_tensorBoard) is { } events)
        {
            Folder(s_tensorBoard, events);
            written.AddRange(runs.Select(r => TensorBoardEvents.Write(Path.Combine(events, RunName.Plain(r.Name)), r.Folder)));
        }

        foreach (string file in written)
        {
            Terminal.Results.WriteLine(Failure.OneLine(Path.GetFullPath(file)));
        }

        return 0;
    }

    private static void Folder(Option option, string path)
    {
        if (File.Exists(path))
        {
            throw new InvalidInputException($"{option.Name} is '{path}', which is a file; a folder was expected.");
        }

        Directory.CreateDirectory(path);
    }

    // Runs are called by their folders, with those above as far as it takes to tell them apart.
    private static List<(RunFolder Folder, string Name)> Named(IReadOnlyList<string> paths)
    {
        RunFolder[] folders = [.. paths.Select(p => new RunFolder(Path.TrimEndingDirectorySeparator(Path.GetFullPath(p))))];
        if (folders.Length > RunReport.MostRuns)
        {
            throw new InvalidInputException($"{folders.Length} runs are given; {RunReport.MostRuns} at most were expected.");
        }

        if (folders.GroupBy(f => f.FullPath).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new InvalidInputException($"'{twice.Key}' is given twice; each run once was expected.");
        }

        return [.. folders.Select(f => (f, Enumerable.Range(1, int.MaxValue).Select(parts => LastParts(f, parts)).First(
            (name) => name == f.FullPath || folders.Count(other => IsCalled(other, name)) == 1)))];
    }

    private static bool IsCalled(RunFolder folder, string name) =>
        folder.FullPath == name || folder.FullPath.EndsWith(Path.DirectorySeparatorChar + name, StringComparison.Ordinal);

    private static string LastParts(RunFolder folder, int count)
    {
        string[] parts = folder.FullPath.Split(Path.DirectorySeparatorChar);
        return count >= parts.Length ? folder.FullPath : string.Join(Path.DirectorySeparatorChar, parts[^count..]);
    }
}
