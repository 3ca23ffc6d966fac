using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>The result of a run.</summary>
/// <param name="TestLoss">The loss on the test examples with the selected weights, in nats; null without test examples.</param>
/// <param name="TestExamples">Their number.</param>
/// <param name="DevLoss">The lowest dev loss, including that at the start; null without dev examples.</param>
/// <param name="SelectedStep">The step with that loss, whose weights are in the checkpoint folder; 0 if no step was better than the
/// start.</param>
/// <param name="Steps">Steps of the run: fewer than requested if it ended early.</param>
/// <param name="ForwardPasses">Forward passes in training, one per probe and batch.</param>
/// <param name="Tokens">Tokens that went through the model in training, counted once per probe.</param>
/// <param name="Seconds">Wall-clock seconds of the whole run, over all processes that took part in it.</param>
/// <param name="SkippedSteps">Steps whose loss was not finite.</param>
/// <param name="PeakRssBytes">The peak resident memory of the process.</param>
/// <param name="WeightsSha256">The weights after the last step.</param>
/// <param name="Run">The folder.</param>
public sealed record TrainingResult(
    double? TestLoss,
    int TestExamples,
    double? DevLoss,
    long SelectedStep,
    long Steps,
    long ForwardPasses,
    long Tokens,
    double Seconds,
    int SkippedSteps,
    long PeakRssBytes,
    string WeightsSha256,
    string Run)
{
    /// <summary>The metrics on the test examples before training; empty without test examples.</summary>
    [JsonIgnore]
    public MetricValues ZeroShot { get; init; } = MetricValues.None;

    /// <summary>The metrics on the test examples with the selected weights; empty without test examples.</summary>
    [JsonIgnore]
    public MetricValues Test { get; init; } = MetricValues.None;

    /// <summary>
    /// Accuracy (exact match of generated answers) on the test examples before training; null without test examples or candidate answers.
    /// </summary>
    [JsonPropertyOrder(-1)]
    public double? ZeroShotAccuracy => ZeroShot[Accuracy.OfCandidates.Field];

    /// <summary>Accuracy on the test examples with the selected weights; null without test examples or candidate answers.</summary>
    [JsonPropertyOrder(-1)]
    public double? TestAccuracy => Test[Accuracy.OfCandidates.Field];

    /// <summary>The number of the user's rows that were skipped; null if skipping was not enabled.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? SkippedRows { get; init; }

    /// <summary>
    /// Steps that did not wait for all queries, in a run on many machines with a quorum; null if there are none. Such a run is replayed
    /// from its log, and is not what one machine would come to.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? PartialSteps { get; init; }

    /// <summary>The dev loss before the first step; null without dev examples.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? DevLossAtStart { get; init; }

    /// <summary>
    /// Whether no step's weights were as good as the initial ones, by the dev loss (without dev examples, by the test loss), or all steps
    /// were skipped, so that the initial weights are kept.
    /// </summary>
    public bool EndedWorse { get; init; }

    /// <summary>Why the run ended before its last step; null if it did not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EarlyStop? Stopped { get; init; }

    /// <summary>What was saved (<see cref="SavedWeights"/>).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SelectedSha256 { get; init; }

    /// <summary>
    /// What computed the steps, in order; more than one entry if the run was resumed by another engine or version of the arithmetic.
    /// </summary>
    public IReadOnlyList<EngineChange> Computed { get; init; } = [];

    /// <summary>
    /// One JSON object with the properties in snake case, and metrics other than accuracy as <c>zero_shot_NAME</c> and <c>test_NAME</c>;
    /// null for what is missing in a run without test or dev examples.
    /// </summary>
    public string ToJson()
    {
        var json = JsonSerializer.SerializeToNode(this, TrainingResultJson.Default.TrainingResult)!.AsObject();
        foreach (var (name, value) in Fields("zero_shot", ZeroShot).Concat(Fields("test", Test)))
        {
            json.Add(name, value);
        }

        return json.ToJsonString();
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Fields(string prefix, MetricValues values) =>
        from v in values
        where v.Metric is not Accuracy
        select KeyValuePair.Create(
            $"{prefix}_{v.Metric.Field}", double.IsFinite(v.Value) ? (JsonNode?)v.Value : null);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(FiniteNumberConverter), typeof(EarlyStopConverter)])]
[JsonSerializable(typeof(TrainingResult))]
internal sealed partial class TrainingResultJson : JsonSerializerContext;

/// <summary>Reasons in snake case.</summary>
internal sealed class EarlyStopConverter() : JsonStringEnumConverter<EarlyStop>(JsonNamingPolicy.SnakeCaseLower);
