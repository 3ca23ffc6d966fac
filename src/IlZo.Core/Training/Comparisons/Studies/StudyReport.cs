using System.Text.Json;
using System.Text.Json.Serialization;

namespace IlZo.Training;

/// <summary>A task of a study: a comparison at settings that were tuned before.</summary>
/// <param name="Name">What the study calls it.</param>
/// <param name="Target">The dev loss whose price in forward passes is compared.</param>
/// <param name="ForwardPasses">Forward passes of a run.</param>
/// <param name="Start">The mean dev loss before training.</param>
public sealed record StudiedTask(string Name, double Target, int ForwardPasses, double Start);

/// <summary>A method of a study.</summary>
/// <param name="Name">The method, with the settings of its own.</param>
/// <param name="Ratio">
/// Its passes to the targets relative to the baseline's, over all tasks, each of which counts alike; null for the baseline, and for fewer
/// than two seeds.
/// </param>
/// <param name="Tasks">What it came to on each.</param>
public sealed record StudiedMethod(string Name, PassesRatio? Ratio, IReadOnlyList<MethodOnTask> Tasks);

/// <summary>
/// Several comparisons of the same methods, joined: the forward passes to each task's target relative to a baseline's, with paired
/// intervals and Holm's correction for all methods, and for all methods and tasks.
/// </summary>
/// <param name="Baseline">What the others are measured by.</param>
/// <param name="Tasks">The tasks.</param>
/// <param name="Methods">The methods, the baseline among them.</param>
public sealed record StudyReport(string Baseline, IReadOnlyList<StudiedTask> Tasks, IReadOnlyList<StudiedMethod> Methods)
{
    /// <summary>Joins comparisons.</summary>
    /// <param name="comparisons">
    /// What each found, by the name of its task in the study; all with a target and with the same methods.
    /// </param>
    /// <param name="baseline">What the others are measured by; null for <c>mezo</c>, or the first method where it is not there.</param>
    /// <exception cref="InvalidInputException">They cannot be joined, or the baseline is not among them.</exception>
    public static StudyReport Of(IReadOnlyList<(string Task, ComparisonReport Report)> comparisons, string? baseline = null)
    {
        Require(comparisons.Count > 0, "There is no comparison; one or more were expected.");
        string[] names = [.. comparisons[0].Report.Methods.Select(m => m.Name)];
        baseline ??= comparisons[0].Report.Baseline!.Name;
        Require(names.Contains(baseline), $"{Setting.Baseline} is {baseline}; one of {string.Join(", ", names)} was expected.");
        foreach (var (task, report) in comparisons)
        {
            Require(report.Target is not null, $"{task}: the comparison has no {Setting.Target}; one with it was expected.");
            Require(
                report.Methods.Select(m => m.Name).Order().SequenceEqual(names.Order()),
                $"{task}: the comparison is of {string.Join(", ", report.Methods.Select(m => m.Name))}; "
                    + $"{string.Join(", ", names)} were expected, as in {comparisons[0].Task}.");
        }

        StudiedTask[] tasks = [.. comparisons.Select(c => new StudiedTask(
            c.Task,
            c.Report.Target!.Value,
            c.Report.ForwardPasses,
            Method(c.Report, baseline).Best.Average(r => r.Points[0].DevLoss)))];
        PairedRuns[][] runs = [.. names.Select(name => (PairedRuns[])[
            .. comparisons.Select(c => PairedRuns.Of(Method(c.Report, name), Method(c.Report, baseline))),
        ])];
        Require(
            runs.All(r => r.All(onTask => onTask.Own.Count > 0)),
            $"A method has no seed in common with {baseline}; one or more were expected.");

        // One family is of all methods and tasks, the other of all methods; the baseline is in neither.
        MeanEstimate?[][] logs = [.. runs.Select(r => (MeanEstimate?[])[
            .. r.Zip(tasks, (own, task) => own.IsBaseline ? null : own.LogRatio(task.Target)),
        ])];
        var single = PassesRatio.Family([.. logs.SelectMany(l => l)]).Chunk(tasks.Length).ToArray();
        var joint = PassesRatio.Family([.. logs.Select(l => l.Contains(null) ? null : MeanEstimate.OfMeans(l!))]);
        return new StudyReport(baseline, tasks, [
            .. names.Select((name, i) => new StudiedMethod(name, joint[i], [
                .. tasks.Select((task, j) => MethodOnTask.Of(task, runs[i][j]) with { Ratio = single[i][j] }),
            ])),
        ]);
    }

    /// <summary>One JSON object, with the properties in snake case.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StudyReportJson.Default.StudyReport);

    private static ComparedMethod Method(ComparisonReport report, string name) => report.Methods.First(m => m.Name == name);

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidInputException(message);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(StudyReport))]
internal sealed partial class StudyReportJson : JsonSerializerContext;
