using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using IlZo.Adapters;

namespace IlZo.Training;

/// <summary>A run at one moment.</summary>
/// <param name="ForwardPasses">Forward passes of training so far.</param>
/// <param name="Step">The step.</param>
/// <param name="DevLoss">Loss on the dev examples, or the value of the function; in JSON null where it is not finite.</param>
/// <param name="DevAccuracy">Accuracy on them; null where there is nothing to choose, and for a function.</param>
/// <param name="TestLoss">Loss on the test examples; null for a function.</param>
/// <param name="TestAccuracy">Accuracy on them; null where there is nothing to choose.</param>
public sealed record ComparisonPoint(
    long ForwardPasses, long Step, double DevLoss, double? DevAccuracy, double? TestLoss, double? TestAccuracy);

/// <summary>One training of a comparison.</summary>
/// <param name="LearningRate">Its rate.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="SkippedSteps">Steps whose loss was not finite.</param>
/// <param name="StateBytes">What the method kept beside the weights.</param>
/// <param name="Seconds">Wall-clock seconds of training, without evaluation.</param>
/// <param name="Points">The run from before its first step to after its last.</param>
public sealed record ComparisonRun(
    double LearningRate, uint Seed, int SkippedSteps, long StateBytes, double Seconds, IReadOnlyList<ComparisonPoint> Points)
{
    /// <summary>Steps of the run.</summary>
    public long Steps => Points[^1].Step;

    /// <summary>Forward passes of training.</summary>
    public long ForwardPasses => Points[^1].ForwardPasses;

    /// <summary>Whether training did harm: the dev loss at the end is above the start's, or not a number.</summary>
    public bool Diverged => !(Points[^1].DevLoss <= Points[0].DevLoss);
}

/// <summary>All runs of a method.</summary>
/// <param name="Name">The method.</param>
/// <param name="Runs">Its runs, by rate and then by seed.</param>
public sealed record ComparedMethod(string Name, IReadOnlyList<ComparisonRun> Runs)
{
    /// <summary>The rate with the lowest mean of the final dev losses.</summary>
    public double BestLearningRate => Runs.GroupBy(r => r.LearningRate)
        .MinBy(g => g.Average(r => double.IsFinite(r.Points[^1].DevLoss) ? r.Points[^1].DevLoss : double.PositiveInfinity))!.Key;

    /// <summary>The runs at that rate.</summary>
    [JsonIgnore]
    public IReadOnlyList<ComparisonRun> Best => [.. Runs.Where(r => r.LearningRate == BestLearningRate)];

    /// <summary>Whether any of the runs at that rate diverged.</summary>
    public bool Diverged => Best.Any(r => r.Diverged);

    /// <summary>
    /// Whether that rate is the lowest (−1) or the highest (1) of several that were tried, so that a better one may lie beyond; else 0.
    /// </summary>
    public int Edge
    {
        get
        {
            double low = Runs.Min(r => r.LearningRate);
            double high = Runs.Max(r => r.LearningRate);
            return low == high ? 0 : BestLearningRate == low ? -1 : BestLearningRate == high ? 1 : 0;
        }
    }
}

/// <summary>What a comparison found.</summary>
/// <param name="Settings">The training options that all runs share.</param>
/// <param name="Seeds">Seeds of each method and rate.</param>
/// <param name="ForwardPasses">Forward passes that were asked for.</param>
/// <param name="WeightBytes">Bytes of the weights.</param>
/// <param name="Interrupted">Whether methods are missing because the comparison was ended.</param>
/// <param name="Methods">The methods with all of their runs, in the order asked for.</param>
public sealed record ComparisonReport(
    JsonObject Settings, int Seeds, int ForwardPasses, long WeightBytes, bool Interrupted, IReadOnlyList<ComparedMethod> Methods)
{
    /// <summary>Rows of the user's data that were left out; null where none may be.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? SkippedRows { get; init; }

    /// <summary>What is to be said of the user's rows, a sentence each.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Notes { get; init; } = [];

    // What a comparison decides for each run, or what changes no result.
    private static readonly string[] s_perRun = ["optimizer", "steps", "seed", "eval_every", "opt", "threads"];

    // What functions do not have.
    private static readonly string[] s_ofModels =
    [
        "model", "task", "data", "batch_size", "train_size", "dev_size", "test_size", "max_length", "dtype", "shots", "objective",
        "data_seed",
        "engine", "precision",
        "adapter", .. AdapterCatalog.OptionNames.Select(name => name.Replace('-', '_')), "train_only", "freeze",
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

    /// <summary>One JSON object, with the properties in snake case.</summary>
    /// <param name="indented">Whether to write it for people.</param>
    public string ToJson(bool indented) => JsonSerializer.Serialize(
        this, indented ? ComparisonReportIndentedJson.Default.ComparisonReport : ComparisonReportJson.Default.ComparisonReport);
}

/// <summary>Null for what JSON has no number for.</summary>
internal sealed class FiniteNumberConverter : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(ComparisonReport))]
internal sealed partial class ComparisonReportJson : JsonSerializerContext;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(ComparisonReport))]
internal sealed partial class ComparisonReportIndentedJson : JsonSerializerContext;
