using System.Text.Json;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>The report of a run, or of several side by side.</summary>
internal static class RunReport
{
    /// <summary>The most runs that a report is made of.</summary>
    public const int MostRuns = 64;

    private const int BucketsOfOne = 1024;
    private const int BucketsOfAll = 8192;
    private const int LeastBuckets = 128;

    private static readonly (RunPhase Phase, string Name)[] s_phases =
    [
        (RunPhase.Steps, "steps"), (RunPhase.Evaluation, "evaluations"), (RunPhase.Saving, "saving"), (RunPhase.Loading, "loading"),
        (RunPhase.Other, "other"),
    ];

    /// <summary>How many buckets the series of each run have, so that the page stays small.</summary>
    public static int Capacity(int runs) => Math.Clamp(BucketsOfAll / runs / 2 * 2, LeastBuckets, BucketsOfOne);

    /// <summary>Reads runs.</summary>
    /// <param name="runs">The runs with their names; at least one.</param>
    /// <exception cref="InvalidInputException">A folder is no run, or a file of it is not as a run writes it.</exception>
    public static IReadOnlyList<ReportedRun> Read(IReadOnlyList<(RunFolder Folder, string Name)> runs)
    {
        ReportedRun[] read = [.. runs.Select(r => new ReportedRun(r.Folder, r.Name, Capacity(runs.Count)))];
        Array.ForEach(read, run => run.Read());
        return read;
    }

    /// <summary>The report of runs that were read.</summary>
    public static ReportDocument Of(IReadOnlyList<ReportedRun> runs) => runs.Count == 1 ? OfOne(runs[0]) : OfSeveral(runs);

    /// <summary>What computed the figures of a report.</summary>
    public static ReportDefinitions EnvironmentOf(RunEnvironment environment) => new("Environment",
    [
        ("ilzo", environment.Ilzo),
        ("runtime", environment.Runtime),
        ("operating system", environment.OperatingSystem),
        ("processor", FormattableString.Invariant($"{environment.Processor}, {environment.Processors} in use")),
        ("memory", Quantity.Bytes(environment.MemoryBytes)),
    ]);

    private static ReportDocument OfOne(ReportedRun run) => new(run.Name, $"{Subject(run)}. {Status(run)}")
    {
        Facts = Facts(run),
        Results = RunResults.OfOne(run),
        Charts = new RunCharts([run]).All,
        Sections =
        [
            .. run.Samples is { Samples.Count: > 0 } samples ? [SectionOf(samples)] : Array.Empty<ReportSection>(),
            .. run.Times.AreSplit ? [new ReportShares("Time", Times(run))] : Array.Empty<ReportSection>(),
            new ReportDefinitions("Configuration", Settings(run)),
            .. run.Environment is { } environment ? [EnvironmentOf(environment)] : Array.Empty<ReportSection>(),
        ],
    };

    private static ReportDocument OfSeveral(IReadOnlyList<ReportedRun> runs)
    {
        var settings = runs.Select(Settings).ToArray();
        string[] names = [.. settings.SelectMany(s => s).Select(s => s.Name).Distinct()];
        string Value(int run, string name) => settings[run].FirstOrDefault(s => s.Name == name).Value ?? "";
        bool IsShared(string name) => Enumerable.Range(0, runs.Count).All(run => Value(run, name) == Value(0, name));
        string[] own = [.. names.Where(n => !IsShared(n))];
        return new ReportDocument(
            FormattableString.Invariant($"{runs.Count} runs"),
            "Curves are drawn against forward passes, which is what methods are compared at.")
        {
            Results = RunResults.OfSeveral(runs),
            Legend = [.. runs.Select(r => r.Name)],
            Charts = new RunCharts(runs).All,
            Sections =
            [
                .. runs.Any(r => r.Times.AreSplit)
                    ? [new ReportTable(
                        "Time", ["run", "in all", .. s_phases.Select(p => p.Name)],
                        [.. runs.Select(r => (ReportCell[])[
                            r.Name, Quantity.Duration(r.Times.Seconds),
                            .. s_phases.Select(p => (ReportCell)(r.Times.AreSplit ? Quantity.Duration(r.Times[p.Phase]) : "")),
                        ])])]
                    : Array.Empty<ReportSection>(),
                .. own.Length > 0
                    ? [new ReportTable(
                        "Settings that differ", ["run", .. own],
                        [.. runs.Index().Select(r => (ReportCell[])[r.Item.Name, .. own.Select(n => (ReportCell)Value(r.Index, n))])])]
                    : Array.Empty<ReportSection>(),
                new ReportDefinitions("Settings in common", [.. names.Except(own).Select(n => (n, Value(0, n)))]),
            ],
        };
    }

    private static string Subject(ReportedRun run)
    {
        var options = run.Configuration.Options;
        string model = Path.GetFileName(Path.TrimEndingDirectorySeparator(options.Model));
        string adapter = options.Adapter is { } kind ? $" with {Path.GetFileName(Path.TrimEndingDirectorySeparator(kind))}" : "";
        return FormattableString.Invariant($"{options.Optimizer} on {options.Task}, model {model}{adapter}, seed {options.Seed}");
    }

    private static string Status(ReportedRun run)
    {
        string planned = Quantity.Count(run.Configuration.Options.Steps);
        string done = Quantity.Count(run.Curves.Step);
        return run.Outcome switch
        {
            null => $"Step {done} of {planned} so far.",
            { EndedWorse: true } => $"After {done} of {planned} steps no weights were as good as those at the start, which are kept.",
            { Stopped: { } reason } outcome => $"Ended after {done} of {planned} steps "
                + (reason == "patience" ? "because evaluations brought no improvement; " : "because the loss diverged; ") + Kept(outcome),
            var outcome => $"Finished after {done} steps; {Kept(outcome)}",
        };
    }

    private static string Kept(RunOutcome outcome) => $"the weights of step {Quantity.Count(outcome.SelectedStep)} are kept.";

    private static (string, string)[] Facts(ReportedRun run) =>
    [
        ("steps", Quantity.Count(run.Curves.Step)),
        ("forward passes", Quantity.Count(run.Curves.ForwardPasses)),
        ("tokens", Quantity.Count(run.Curves.Tokens)),
        .. run.Curves.SkippedSteps > 0 ? [("skipped steps", Quantity.Count(run.Curves.SkippedSteps))] : Array.Empty<(string, string)>(),
        .. run.Seconds is { } seconds ? [("time", Quantity.Duration(seconds))] : Array.Empty<(string, string)>(),
        .. run.PeakBytes is { } peak ? [("peak memory", Quantity.Bytes(peak))] : Array.Empty<(string, string)>(),
    ];

    /// <summary>Samples as a part of a report.</summary>
    internal static ReportSamples SectionOf(RunSamples samples)
    {
        string after = FormattableString.Invariant($"after step {samples.AfterStep:N0}");
        return new ReportSamples("Samples",
        [
            .. samples.Samples.Select(s => new ReportSample(s.Prompt,
            [
                ("expected", s.Expected),
                .. s.Before is { } before ? [("at the start", before)] : Array.Empty<(string, string)>(),
                .. s.After is { } said ? [(after, said)] : Array.Empty<(string, string)>(),
            ])),
        ]);
    }

    private static (string, double, string)[] Times(ReportedRun run) => [.. s_phases.Select(
        p => (p.Name, run.Times[p.Phase] / Math.Max(run.Times.Seconds, 1e-9), Quantity.Duration(run.Times[p.Phase])))];

    private static (string Name, string Value)[] Settings(ReportedRun run)
    {
        var options = JsonSerializer.SerializeToNode(run.Configuration.Options, RunConfigurationJson.Default.TrainingOptions)!.AsObject();
        return
        [
            .. options.Where(o => o.Value is not null && $"{o.Value}".Length > 0).Select(o => (o.Key, $"{o.Value}")),
            .. run.Configuration.Computed.Skip(1).Select(c => (
                "continued", FormattableString.Invariant($"after step {c.AfterStep} by {c.Engine} in {c.Precision}"))),
            ("arithmetic", run.Configuration.Computed[^1].Arithmetic),
            ("base_weights_sha256", Start(run.Configuration.BaseWeightsSha256)),
            ("examples_sha256", Start(run.Configuration.ExamplesSha256)),
        ];

        // Enough to tell them apart; config.json has all of it.
        static string Start(string sha256) => sha256.Length > 16 ? $"{sha256[..16]}…" : sha256;
    }
}
