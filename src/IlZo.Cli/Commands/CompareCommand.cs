using System.CommandLine;
using System.Globalization;
using IlZo.Functions;
using IlZo.Optimizers;
using IlZo.Reporting;
using IlZo.Tasks;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo compare</c>.</summary>
internal static class CompareCommand
{
    // What a comparison decides for each run, and options that not every method has.
    private static readonly string[] s_ownOfRuns = ["optimizer", "steps", "seed", "eval-every", "opt"];

    // What functions do not have.
    private static readonly string[] s_ofModels =
    [
        "model", "task", "data", "batch-size", "train-size", "dev-size", "test-size", "max-length", "dtype", "shots", "objective",
        "data-seed",
        "engine", "precision",
        .. TrainingSetting.OfTrainedWeights,
    ];

    // A value is known at no cost.
    private const int PointsOfFunctions = 50;

    private static readonly IReadOnlyList<TrainingSetting> s_shared = [.. TrainingSetting.All.Where(s => !s_ownOfRuns.Contains(s.Name))];

    private static readonly Option<string?> s_optimizers = Flags.Text(
        "--optimizers", "A,B,…",
        $"Comma-separated methods (default: all): {string.Join(", ", OptimizerCatalog.All.Select(m => m.Name))}.");

    private static readonly Option<int?> s_seeds = Flags.Number<int>(
        "--seeds", "N", "Seeds for each method and learning rate, 0 to N-1 (default: 2).");

    private static readonly Option<int?> s_forwardPasses = Flags.Number<int>(
        "--forward-passes", "N", "Forward passes per run, which ends with the step that reaches them (default: 1000).");

    private static readonly Option<string?> s_rates = Flags.Text(
        "--lrs", "X,Y,…", "Learning rates for every method (default: a third of its default in train, that rate and three times it; --lr "
            + "replaces mezo's default, and the others' scale with it).");

    private static readonly Option<string?> s_out = Flags.Text(
        "--out", "DIR", "Folder for compare.json, table.md, curves.svg and report.html, which are replaced (default: a new one under "
            + "runs/).");

    private static readonly Option<string?> s_function = Flags.Text(
        "--function", "NAME", "A test function instead of a model and task: "
            + $"{string.Join(", ", TestFunction.All.Select(f => f.Name))}. By default, --lr is then the inverse of its Hessian's trace.");

    private static readonly Option<int?> s_dimension = Flags.Number<int>(
        "--dimension", "N", "Number of variables (default: 1000, or the function's own).");

    private static readonly Option<bool> s_json = Flags.Json("Print the result as one JSON object.");

    public static Command Create()
    {
        var command = new Command(
            "compare",
            "Train with several methods for the same number of forward passes, and write a table and curves. Schedules and warm-up are "
                + "measured in forward passes here.")
        {
            s_optimizers, s_seeds, s_forwardPasses, s_rates, s_function, s_dimension, s_out, s_json,
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
        var training = TrainingSetting.Resolve(parsed, s_shared);
        var defaults = new ComparisonOptions(
            training,
            parsed.GetValue(s_optimizers) is { } names ? Flags.Words(names) : [.. OptimizerCatalog.All.Select(m => m.Name)]);
        var options = defaults with
        {
            Seeds = parsed.GetValue(s_seeds) ?? defaults.Seeds,
            ForwardPasses = parsed.GetValue(s_forwardPasses) ?? defaults.ForwardPasses,
            LearningRates = parsed.GetValue(s_rates) is { } rates ? [.. Flags.Words(rates).Select(Rate)] : null,
        };
        options = WithFunction(options, parsed);
        options.Validate();
        if (options.LearningRates is not null && parsed.GetValue(TrainingSetting.Named("lr").Flag) is not null)
        {
            throw new InvalidInputException("--lr and --lrs are both given; one of them was expected.");
        }

        IReadOnlyList<string> subjectNames = options.Function is { } f ? [f.Name] : RunName.SubjectOf(training);
        string folder = Path.GetFullPath(
            parsed.GetValue(s_out) ?? RunName.Next(
                [.. subjectNames, "compare"], path => OutputFolder.IsTaken(path, ComparisonFiles.Names)));
        using var made = new OutputFolder(folder, ComparisonFiles.Names);
        int runs = options.Optimizers.Sum(o => options.RatesOf(o).Count) * options.Seeds;
        string subject = options.Function is { } function
            ? $"{function.Name} of {options.Dimension} variables"
            : $"model {training.Model}, task {Presets.TaskOf(training)}";
        Terminal.Say($"{subject}, {runs} runs of {options.ForwardPasses} forward passes");
        using var interruption = Terminal.OnInterrupt();
        int done = 0;
        var report = Comparison.Run(options, (method, run) => Show(++done, runs, method, run), interruption.Token, Device.Open);
        if (report.Methods.Count == 0)
        {
            Terminal.Say("ilzo: stopped before all runs of a method were done; nothing was written; the same command begins anew.");
            return Terminal.InterruptCode;
        }

        ComparisonFiles.Write(report, folder);
        Terminal.Results.Write(parsed.GetValue(s_json) ? report.ToJson(indented: false) + "\n" : ComparisonFiles.Table(report));
        foreach (string note in report.Notes)
        {
            Terminal.Say(note);
        }

        if (report.SkippedRows > 0)
        {
            Terminal.Say($"skipped rows: {report.SkippedRows}");
        }

        Terminal.Say($"{folder}: {string.Join(", ", ComparisonFiles.Names)}");
        if (report.Interrupted)
        {
            Terminal.Say($"ilzo: stopped after {report.Methods.Count} of {options.Optimizers.Count} methods; the files hold those, "
                + "and --optimizers with the others compares them.");
            return Terminal.InterruptCode;
        }

        return 0;
    }

    private static void Show(int done, int runs, string method, ComparisonRun run)
    {
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
            $"run {done}/{runs}: {method}, lr {run.LearningRate:R}, seed {run.Seed}: {run.Steps} steps, {quality}{diverged}{skipped}, "
                + $"{Format.Duration(run.Seconds)}"));
    }

    private static ComparisonOptions WithFunction(ComparisonOptions options, ParseResult parsed)
    {
        if (parsed.GetValue(s_function) is not { } name)
        {
            return parsed.GetValue(s_dimension) is null
                ? options
                : throw new InvalidInputException("--dimension was expected only with --function.");
        }

        if (s_shared.FirstOrDefault(s => s_ofModels.Contains(s.Name) && IsGiven(s)) is { } other)
        {
            throw new InvalidInputException($"--{other.Name} says what a function does not have; one of it and --function was expected.");
        }

        var function = TestFunction.Find(name);
        int dimension = parsed.GetValue(s_dimension) ?? function.Dimension ?? options.Dimension;
        return options with
        {
            Function = function,
            Dimension = dimension,
            Points = PointsOfFunctions,
            Training = IsGiven(TrainingSetting.Named("lr"))
                ? options.Training
                : options.Training with { LearningRate = ComparisonOptions.LearningRateOf(function, dimension) },
        };

        bool IsGiven(TrainingSetting setting) => parsed.GetValue(setting.Flag) is not null;
    }

    private static double Rate(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double rate)
        ? rate
        : throw new InvalidInputException($"--lrs has '{text}'; numbers with commas between them were expected.");
}
