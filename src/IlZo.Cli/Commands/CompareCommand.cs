using System.CommandLine;
using System.Globalization;
using IlZo.Optimizers;
using IlZo.Reporting;
using IlZo.Tasks;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo compare</c>.</summary>
internal static class CompareCommand
{
    // What a comparison decides for each run, and options that not every method has.
    private static readonly string[] s_ownOfRuns =
        ["optimizer", "steps", "seed", "eval-every", "patience", "stop-on-divergence", "samples", "opt"];

    // What the settings of a single run say about its method.
    private static readonly string[] s_ofMethods = ["queries", "sides", "directions", "clip"];

    // A value is known at no cost.
    private const int PointsOfFunctions = 50;

    private static readonly IReadOnlyList<TrainingSetting> s_shared = [.. TrainingSetting.All.Where(s => !s_ownOfRuns.Contains(s.Name))];

    private static readonly Option<string?> s_optimizers = Flags.Text(
        "--optimizers", "A,B,…",
        "Comma-separated methods, each alone or with settings of its own as in mezo:queries=3 or kerzoo:source=true (default: all that "
            + "need losses alone): "
            + $"{string.Join(", ", OptimizerCatalog.All.Select(m => m.Name))}.");

    private static readonly Option<int?> s_seeds = Flags.Number<int>(
        "--seeds", "N", "Seeds for each method and learning rate, as many as this from the first one on (default: 2).");

    private static readonly Option<int?> s_firstSeed = Flags.Number<int>(
        "--first-seed", "N", "The first seed, so that runs after tuning can have seeds that it did not see (default: 0).");

    private static readonly Option<int?> s_forwardPasses = Flags.Number<int>(
        "--forward-passes", "N", "Forward passes per run, which ends with the step that reaches them (default: 1000).");

    private static readonly Option<string?> s_rates = Flags.Text(
        "--lrs", "X,Y,…", "Learning rates for every method (default: a third of its default in train, that rate and three times it; --lr "
            + "replaces mezo's default, and the others' scale with it).");

    private static readonly Option<int?> s_rateCount = Flags.Number<int>(
        "--rates", "N", "This many learning rates for every method, a factor of √10 apart and around its default (default: as in --lrs).");

    private static readonly Option<string?> s_bestOf = Flags.Text(
        "--best-of", "DIR", "Train each method only at the learning rate and radius that were its best in the comparison in that folder.");

    private static readonly Option<bool> s_testAtEnd = new("--test-at-end")
    {
        Description = "Evaluate the test examples before the first and after the last step only, not at each point.",
    };

    private static readonly Option<string?> s_epsilons = Flags.Text(
        "--epsilons", "X,Y,…", "Perturbation radii for every method, each with all learning rates (default: --eps alone).");

    private static readonly Option<bool> s_widen = new("--widen")
    {
        Description = "Add learning rates beyond those of a method while its best one is the lowest or the highest, at most four times.",
    };

    private static readonly Option<int?> s_points = Flags.Number<int>(
        "--points", "N", "Evaluations per run, at equal distances in forward passes (default: 8, 50 for a function).");

    private static readonly Option<double?> s_target = Flags.Number<double>(
        "--target", "X", "Also show the forward passes until the dev loss, or the value of the function, is as low as X.");

    private static readonly Option<string?> s_out = StudyFolder.OutFlag(ComparisonFiles.Names);
    private static readonly Option<bool> s_resume = StudyFolder.ResumeFlag("seeds, rates or methods");
    private static readonly Option<int?> s_jobs = StudyFolder.JobsFlag();
    private static readonly Option<string?> s_config = StudyFolder.ConfigFlag();

    private static readonly FunctionFlags s_function = new(" By default, --lr is then the inverse of its Hessian's trace.");
    private static readonly Option<bool> s_json = Flags.Json("Print the result as one JSON object.");

    public static Command Create()
    {
        var command = new Command(
            "compare",
            "Train with several methods for the same number of forward passes, and write a table and curves. Schedules and warm-up are "
                + "measured in forward passes here.")
        {
            s_optimizers, s_seeds, s_firstSeed, s_forwardPasses, s_rates, s_rateCount, s_epsilons, s_bestOf, s_widen, s_points,
            s_testAtEnd, s_target, s_function.Function, s_function.Dimension, s_out, s_resume, s_jobs, s_config, s_json,
        };
        foreach (var setting in s_shared)
        {
            command.Add(setting.Flag);
        }

        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string? bestOf = parsed.GetValue(s_bestOf);
        var tuned = bestOf is null ? null : ComparisonFiles.Read(bestOf);
        var options = Options(parsed, tuned);
        var training = options.Training;
        options.Validate();
        foreach (string note in tuned?.RatesOfOthers(bestOf!, options) ?? [])
        {
            Terminal.Say($"note: {note}.");
        }

        IReadOnlyList<string> names = options.Function is { } f ? [f.Name] : RunName.SubjectOf(training);
        using var folder = new StudyFolder(
            parsed.GetValue(s_out), parsed.GetValue(s_resume), [.. names, "compare"], ComparisonFiles.Names);
        string subject = options.Function is { } function
            ? $"{function.Name} of {options.Dimension} variables"
            : $"model {training.Model}, task {Presets.TaskOf(training)}";
        Terminal.Say($"{subject}, {options.Runs} runs of {options.ForwardPasses} forward passes{folder.DoneBefore}");
        using var interruption = Terminal.OnInterrupt();
        var report = Comparison.Run(
            options, new Progress(options.Runs, folder.FullPath), folder.Journal, interruption.Token, Device.Open);
        if (report.Methods.Count > 0)
        {
            ComparisonFiles.Write(report, folder.FullPath);
        }

        if (report.Interrupted)
        {
            Terminal.Say(
                $"ilzo: stopped after {report.Methods.Count} of {options.Optimizers.Count} methods; {folder.Continuation}");
            return Terminal.InterruptCode;
        }

        Terminal.Results.Write(parsed.GetValue(s_json) ? report.ToJson(indented: false) + "\n" : ComparisonFiles.Table(report));
        folder.SayResults(report.Notes, report.SkippedRows);
        return 0;
    }

    private static ComparisonOptions Options(ParseResult parsed, ComparisonReport? tuned)
    {
        var training = TrainingSetting.Resolve(parsed, s_shared, Configured(parsed));
        var defaults = new ComparisonOptions(
            training,
            parsed.GetValue(s_optimizers) is { } names ? Flags.Words(names) : [.. OptimizerCatalog.OfLosses.Select(m => m.Name)]);
        var options = WithFunction(
            defaults with
            {
                Seeds = parsed.GetValue(s_seeds) ?? defaults.Seeds,
                ForwardPasses = parsed.GetValue(s_forwardPasses) ?? defaults.ForwardPasses,
                FirstSeed = parsed.GetValue(s_firstSeed) ?? defaults.FirstSeed,
                LearningRates = Numbers(parsed, s_rates),
                Rates = parsed.GetValue(s_rateCount),
                BestOf = tuned?.BestSettings,
                TestAtEnd = parsed.GetValue(s_testAtEnd),
                Epsilons = Numbers(parsed, s_epsilons),
                Widen = parsed.GetValue(s_widen),
                Target = parsed.GetValue(s_target),
                Jobs = parsed.GetValue(s_jobs) ?? defaults.Jobs,
            },
            parsed);
        if (options.LearningRates is not null && parsed.GetValue(TrainingSetting.Named("lr").Flag) is not null)
        {
            throw new InvalidInputException("--lr and --lrs are both given; one of them was expected.");
        }

        return options with { Points = parsed.GetValue(s_points) ?? options.Points };
    }

    // What a run's file says of its method, and of the rate of one that is not mezo, has no part in those of several methods.
    private static Dictionary<TrainingSetting, string>? Configured(ParseResult parsed) => parsed.GetValue(s_config) is not { } path
        ? null
        : TrainingConfigFile.ReadShared(
            path,
            parsed,
            method =>
            [
                .. s_ownOfRuns, .. s_ofMethods, .. method is null or "mezo" ? Array.Empty<string>() : ["lr"],
                .. parsed.GetValue(s_function.Function) is null ? [] : FunctionFlags.OfModels,
            ],
            "a comparison");

    private static void Show(int done, int runs, string method, TrialRun run, bool wasKept)
    {
        string of = done <= runs ? $"/{runs}" : string.Empty;
        string diverged = !run.Diverged ? string.Empty : double.IsFinite(run.Points[^1].DevLoss) ? ", diverged" : ", diverged: not finite";
        string skipped = run.SkippedSteps > 0 ? $", {run.SkippedSteps} steps skipped" : string.Empty;
        var (first, last) = (run.Points[0], run.Points[^1]);
        string quality = last.TestAccuracy is { } accuracy
            ? Format.Invariant($"dev loss {first.DevLoss:F4} to {last.DevLoss:F4}, test accuracy {100 * accuracy:F1} %")
            : last.TestLoss is { } loss
                ? Format.Invariant(
                    $"dev loss {first.DevLoss:F4} to {last.DevLoss:F4}, test perplexity {Perplexity.Instance.Format(Math.Exp(loss))}")
                : Format.Invariant($"value {first.DevLoss:G4} to {last.DevLoss:G4}");
        Terminal.Say(Format.Invariant(
            $"run {done}{of}: {method}, lr {run.LearningRate:R}, eps {run.Epsilon:R}, seed {run.Seed}: {run.Steps} steps, "
                + $"{quality}{diverged}{skipped}, {(wasKept ? "done before" : Format.Duration(run.Seconds))}"));
    }

    private static ComparisonOptions WithFunction(ComparisonOptions options, ParseResult parsed)
    {
        if (s_function.Resolve(parsed, s_shared) is not var (function, own))
        {
            return options;
        }

        int dimension = own ?? options.Dimension;
        return options with
        {
            Function = function,
            Dimension = dimension,
            Points = PointsOfFunctions,
            Training = options.Training with
            {
                LearningRate = options.Training.LearningRate
                    ?? (options.BestOf is null ? ComparisonOptions.LearningRateOf(function, dimension) : null),
            },
        };
    }

    private static IReadOnlyList<double>? Numbers(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is not { } text
        ? null
        : [.. Flags.Words(text).Select(word => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number
            : throw new InvalidInputException($"{option.Name} has '{word}'; numbers with commas between them were expected."))];

    /// <summary>Says what has ended, and keeps the files up to date.</summary>
    private sealed class Progress(int runs, string folder) : IProgress<ComparisonProgress>
    {
        private int _done;
        private bool _isNew;

        public void Report(ComparisonProgress value)
        {
            switch (value)
            {
                case ComparisonProgress.RunEnded ended:
                    _isNew |= !ended.WasKept;
                    Show(++_done, runs, ended.Method, ended.Run, ended.WasKept);
                    break;
                case ComparisonProgress.MethodEnded { SoFar.Interrupted: true } ended when _isNew:
                    ComparisonFiles.Write(ended.SoFar, folder);
                    _isNew = false;
                    break;
            }
        }
    }
}
