using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace IlZo.Training;

/// <summary>A combination of settings and the trainings with it.</summary>
/// <param name="Number">Its number in the sweep, counted from 1.</param>
/// <param name="Settings">The values of the settings that are varied, by their names.</param>
/// <param name="Runs">The trainings, a seed each.</param>
public sealed record SweepTrial(int Number, IReadOnlyDictionary<string, string> Settings, IReadOnlyList<TrialRun> Runs)
{
    /// <summary>The mean of the final dev losses; in JSON null where one is not finite.</summary>
    public double DevLoss => Runs.Average(r => r.FinalDevLoss);

    /// <summary>Whether any of the trainings did harm.</summary>
    public bool Diverged => Runs.Any(r => r.Diverged);
}

/// <summary>Trainings of equal length.</summary>
/// <param name="ForwardPasses">The forward passes of each.</param>
/// <param name="Trials">The combinations, from the best to the worst.</param>
public sealed record SweepRound(int ForwardPasses, IReadOnlyList<SweepTrial> Trials);

/// <summary>What a sweep found.</summary>
/// <param name="Settings">The training options that all trainings share.</param>
/// <param name="Strategy">How combinations were chosen.</param>
/// <param name="Seeds">Trainings of each combination.</param>
/// <param name="Interrupted">Whether some are missing because the sweep was ended.</param>
/// <param name="Rounds">The rounds; the last one is that of the longest trainings.</param>
public sealed record SweepReport(
    JsonObject Settings,
    [property: JsonConverter(typeof(StrategyWords))] SweepStrategy Strategy,
    int Seeds,
    bool Interrupted,
    IReadOnlyList<SweepRound> Rounds)
{
    /// <summary>The combination with the lowest dev loss in the last round; null before there is any.</summary>
    public SweepTrial? Best => Rounds.LastOrDefault(r => r.Trials.Count > 0)?.Trials[0];

    /// <summary>What trains as the best combination was trained; null before there is any.</summary>
    [JsonIgnore]
    public TrainingOptions? BestTraining { get; init; }

    /// <summary>Rows of the user's data that were left out; null where none may be.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? SkippedRows { get; init; }

    /// <summary>What is to be said of the user's rows, a sentence each.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>One JSON object, with the properties in snake case.</summary>
    /// <param name="indented">Whether to write it for people.</param>
    public string ToJson(bool indented) => JsonSerializer.Serialize(
        this, indented ? SweepReportIndentedJson.Default.SweepReport : SweepReportJson.Default.SweepReport);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(SweepReport))]
internal sealed partial class SweepReportJson : JsonSerializerContext;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(SweepReport))]
internal sealed partial class SweepReportIndentedJson : JsonSerializerContext;
