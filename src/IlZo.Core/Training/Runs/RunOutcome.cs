using System.Text.Json;
using IlZo.Files;

namespace IlZo.Training;

/// <summary>What <c>result.json</c> says of a run that has ended, for those who show it.</summary>
/// <param name="Steps">Its steps.</param>
/// <param name="SelectedStep">The step whose weights were kept; 0 for the initial ones.</param>
/// <param name="Seconds">The seconds that it took.</param>
/// <param name="PeakRssBytes">The most memory that its last process held.</param>
/// <param name="Stopped">Why it ended before its last step, in the words of the file; null if it did not.</param>
/// <param name="EndedWorse">Whether no step was as good as the start.</param>
/// <param name="TestExamples">The number of test rows.</param>
/// <param name="Test">The values on the test rows with the weights that were kept, by their names without <c>test_</c>.</param>
internal sealed record RunOutcome(
    long Steps,
    long SelectedStep,
    double Seconds,
    long PeakRssBytes,
    string? Stopped,
    bool EndedWorse,
    int TestExamples,
    IReadOnlyDictionary<string, double> Test)
{
    private const string TestPrefix = "test_";
    private const string TestExamplesField = "test_examples";

    /// <summary>Reads the file; null where the run has not ended yet.</summary>
    /// <exception cref="InvalidInputException">It is not as a run writes it.</exception>
    public static RunOutcome? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(PlainFile.ReadAllBytes(path));
            var root = json.RootElement;
            return new RunOutcome(
                root.GetProperty("steps").GetInt64(),
                root.GetProperty("selected_step").GetInt64(),
                root.GetProperty("seconds").GetDouble(),
                root.GetProperty("peak_rss_bytes").GetInt64(),
                root.TryGetProperty("stopped", out var stopped) ? stopped.GetString() : null,
                root.TryGetProperty("ended_worse", out var worse) && worse.GetBoolean(),
                root.GetProperty(TestExamplesField).GetInt32(),
                root.EnumerateObject().Where(IsTestValue).DistinctBy(p => p.Name).ToDictionary(
                    p => p.Name[TestPrefix.Length..], p => p.Value.GetDouble()));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException($"{path}: got other content; expected the result of a run, or no such file.", e);
        }
    }

    private static bool IsTestValue(JsonProperty property) =>
        property.Value.ValueKind == JsonValueKind.Number && property.Name != TestExamplesField
        && property.Name.StartsWith(TestPrefix, StringComparison.Ordinal);
}
