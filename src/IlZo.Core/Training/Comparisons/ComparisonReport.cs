using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using IlZo.Adapters;

namespace IlZo.Training;

/// <summary>All runs of a method.</summary>
/// <param name="Name">The method, with the settings of its own.</param>
/// <param name="Runs">Its runs, by radius, by rate and then by seed.</param>
public sealed record ComparedMethod(string Name, IReadOnlyList<TrialRun> Runs)
{
    /// <summary>The options of its own that its runs had, as they record them; null in a report of before those were said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Opt { get; init; }

    /// <summary>The rate with the lowest mean of the final dev losses.</summary>
    public double BestLearningRate => Best[0].LearningRate;

    /// <summary>The radius with the lowest mean of the final dev losses.</summary>
    public double BestEpsilon => Best[0].Epsilon;

    /// <summary>The runs at that rate and radius.</summary>
    [JsonIgnore]
    public IReadOnlyList<TrialRun> Best =>
        [.. Runs.GroupBy(r => (r.LearningRate, r.Epsilon)).MinBy(g => g.Average(r => r.FinalDevLoss))!];

    /// <summary>Whether any of the runs at that rate diverged.</summary>
    public bool Diverged => Best.Any(r => r.Diverged);

    /// <summary>The <see cref="Edge"/> of the comparison that the rate was taken from; null where it was looked for here.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TunedEdge { get; init; }

    /// <summary>
    /// Whether that rate is the lowest (−1) or the highest (1) of several that were tried at its radius, so that a better one may lie
    /// beyond; else 0.
    /// </summary>
    public int Edge
    {
        get
        {
            if (TunedEdge is { } tuned)
            {
                return tuned;
            }

            var tried = Runs.Where(r => r.Epsilon == BestEpsilon).Select(r => r.LearningRate).ToArray();
            var (low, high) = (tried.Min(), tried.Max());
            return low == high ? 0 : BestLearningRate == low ? -1 : BestLearningRate == high ? 1 : 0;
        }
    }

    /// <summary>How the method differs from another, at the best rate of each and over the seeds of both.</summary>
    internal MethodDifference DifferenceTo(ComparedMethod baseline, double? target)
    {
        var pairs = Best.Join(baseline.Best, r => r.Seed, r => r.Seed, (own, other) => (Own: own, Other: other)).ToArray();
        return new MethodDifference(
            baseline.Name,
            PairedDifference.Of(pairs.Select(p => (p.Own.Points[^1].DevLoss, p.Other.Points[^1].DevLoss))),
            PairedDifference.Of(pairs.Select(p => (p.Own.Points[^1].TestLoss ?? double.NaN, p.Other.Points[^1].TestLoss ?? double.NaN))),
            PairedDifference.Of(
                pairs.Select(p => (p.Own.Points[^1].TestAccuracy ?? double.NaN, p.Other.Points[^1].TestAccuracy ?? double.NaN))),
            target is { } loss
                ? PairedDifference.Of(pairs.Select(p => (LogPasses(p.Own, loss), LogPasses(p.Other, loss))))
                : null);
    }

    private static double LogPasses(TrialRun run, double target) =>
        run.ForwardPassesTo(target) is > 0 and double n ? Math.Log(n) : double.NaN;
}

/// <summary>How a method differs from the one that others are measured by.</summary>
/// <param name="Baseline">The name of that one.</param>
/// <param name="DevLoss">Of the final dev losses, or of the values of a function.</param>
/// <param name="TestLoss">Of the final test losses; null for a function.</param>
/// <param name="TestAccuracy">Of the final accuracies on the test examples; null where there are none.</param>
/// <param name="LogForwardPasses">
/// Of the logarithms of the forward passes to the target, over the seeds that reached it with both; null without a target.
/// </param>
public sealed record MethodDifference(
    string Baseline,
    PairedDifference? DevLoss,
    PairedDifference? TestLoss,
    PairedDifference? TestAccuracy,
    PairedDifference? LogForwardPasses);

/// <summary>What a comparison found.</summary>
/// <param name="Settings">The training options that all runs share.</param>
/// <param name="Seeds">Seeds of each method and rate.</param>
/// <param name="ForwardPasses">Forward passes that were asked for.</param>
/// <param name="Interrupted">Whether methods are missing because the comparison was ended.</param>
/// <param name="Methods">The methods with all of their runs, in the order asked for.</param>
public sealed record ComparisonReport(
    JsonObject Settings, int Seeds, int ForwardPasses, bool Interrupted, IReadOnlyList<ComparedMethod> Methods)
{
    /// <summary>The dev loss whose price in forward passes was asked for; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Target { get; init; }

    /// <summary>What the others are measured by: <c>mezo</c> where it is there, otherwise the first method; null before any.</summary>
    [JsonIgnore]
    internal ComparedMethod? Baseline => Methods.FirstOrDefault(m => m.Name == "mezo") ?? Methods.FirstOrDefault();

    /// <summary>How each of the other methods differs from it, by their names.</summary>
    public IReadOnlyDictionary<string, MethodDifference> Differences =>
        Methods.Where(m => m != Baseline).ToDictionary(m => m.Name, m => m.DifferenceTo(Baseline!, Target));

    /// <summary>Rows of the user's data that were left out; null where none may be.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? SkippedRows { get; init; }

    /// <summary>What is to be said of the user's rows, a sentence each.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Notes { get; init; } = [];

    // What a comparison decides for each run, or what changes no result.
    private static readonly string[] s_perRun =
        ["optimizer", "steps", "seed", "eval_every", "patience", "stop_on_divergence", "samples", "opt", "threads"];

    // What functions do not have.
    private static readonly string[] s_ofModels =
    [
        "model", "task", "data", "batch_size", "train_size", "dev_size", "test_size", "max_length", "dtype", "shots", "objective",
        "data_seed",
        "engine", "precision",
        "adapter", .. AdapterCatalog.OptionNames.Select(name => name.Replace('-', '_')), "train_only", "freeze",
    ];

    // What makes rates and radii other ones.
    private static readonly string[] s_decidingRates =
    [
        "function", "dimension", "model", "task", "data", "objective", "adapter",
        .. AdapterCatalog.OptionNames.Select(name => name.Replace('-', '_')), "train_only", "freeze", "batch_size", "schedule", "warmup",
    ];

    /// <summary>What was trained where it was no model: the function and its dimension.</summary>
    [JsonIgnore]
    public string? Function =>
        Settings["function"] is { } name ? FormattableString.Invariant($"{name}, {Settings["dimension"]} dimensions") : null;

    /// <summary>The shared options as JSON.</summary>
    internal static JsonObject SharedSettings(ComparisonOptions options)
    {
        var settings = JsonSerializer.SerializeToNode(options.Training, RunConfigurationJson.Default.TrainingOptions)!.AsObject();
        foreach (string name in options.Function is null ? s_perRun : [.. s_perRun, .. s_ofModels])
        {
            settings.Remove(name);
        }

        if (options.Function is { } function)
        {
            settings["function"] = function.Name;
            settings["dimension"] = options.Dimension;
        }

        return settings;
    }

    /// <summary>The best rate and radius of each method, by its name.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, FrozenSetting> BestSettings =>
        Methods.ToDictionary(m => m.Name, m => new FrozenSetting(m.BestLearningRate, m.BestEpsilon, m.Edge));

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The object in UTF-8.</param>
    /// <param name="name">What a message calls it, such as the path of its file.</param>
    /// <exception cref="InvalidInputException">It is not such an object.</exception>
    public static ComparisonReport Parse(ReadOnlySpan<byte> json, string name)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ComparisonReportJson.Default.ComparisonReport) is { Methods.Count: > 0 } report
                && report.Methods.All(m => m.Runs.Count > 0 && m.Runs.All(r => r.Points.Count > 0))
                && report.Methods.DistinctBy(m => m.Name).Count() == report.Methods.Count
                ? report with { Methods = [.. report.Methods.Select(AsNamedNow)] }
                : throw Error(null);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw Error(e);
        }

        InvalidInputException Error(Exception? cause) => new($"{name}: got other content; expected what a comparison writes.", cause!);
    }

    /// <summary>A sentence for each setting, of those that decide which rates are good, with which the comparison was not made.</summary>
    /// <param name="folder">Where the comparison is.</param>
    /// <param name="options">The settings.</param>
    internal IEnumerable<string> RatesOfOthers(string folder, ComparisonOptions options)
    {
        var now = SharedSettings(options with { Training = options.MezoTraining });
        return
            from name in s_decidingRates
            let found = Text(Settings[name])
            let asked = Text(now[name])
            where found != asked
            select $"the rates of '{folder}' were found with {name} {found}, and here it is {asked}";

        static string Text(JsonNode? value) => value?.ToString() ?? "none";
    }

    // A report from before options were said means what was a default then.
    private static ComparedMethod AsNamedNow(ComparedMethod method) =>
        method.Opt is null ? method with { Name = ComparedVariant.Recorded(method.Name) } : method;

    /// <summary>One JSON object, with the properties in snake case.</summary>
    /// <param name="indented">Whether to write it for people.</param>
    public string ToJson(bool indented) => JsonSerializer.Serialize(
        this, indented ? ComparisonReportIndentedJson.Default.ComparisonReport : ComparisonReportJson.Default.ComparisonReport);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(ComparisonReport))]
internal sealed partial class ComparisonReportJson : JsonSerializerContext;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(ComparisonReport))]
internal sealed partial class ComparisonReportIndentedJson : JsonSerializerContext;
