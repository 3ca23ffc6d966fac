using System.Globalization;
using System.Text.Json;

namespace IlZo.Tasks;

/// <summary>Candidates that the definition lists; a field of the row says which one is correct.</summary>
/// <param name="candidates">Their texts, which may use fields of the row.</param>
/// <param name="label">The field.</param>
/// <param name="labels">The candidate of every value of the field, under <see cref="LabelKey"/>.</param>
internal sealed class LabelledCandidates(
    IReadOnlyList<TextTemplate> candidates, TaskField label, IReadOnlyDictionary<string, int> labels) : CandidateSource
{
    public override IReadOnlyList<string> Fixed { get; } = candidates.All(c => c.Literal != null)
        ? [.. candidates.Select(c => c.Literal!)]
        : [];

    public override int Count => candidates.Count;

    /// <summary>A form of a JSON value in which 1, "1" and true differ and 1 and 1.0 do not; null for what cannot be a label.</summary>
    public static string? LabelKey(JsonElement value)
    {
        return value.ValueKind switch
        {
            JsonValueKind.String => $"\"{value.GetString()}\"",
            JsonValueKind.Number => value.GetDouble().ToString("R", CultureInfo.InvariantCulture),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => null,
        };
    }

    public override CandidateSet Read(in TaskRow row)
    {
        string[] texts = new string[candidates.Count];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = candidates[i].Render(row);
        }

        return new CandidateSet(texts, [Correct(row)], []);
    }

    private int Correct(in TaskRow row)
    {
        var value = row.Value(label);
        if (LabelKey(value) is { } key && labels.TryGetValue(key, out int candidate))
        {
            return candidate;
        }

        string written = value.GetRawText();
        written = written.Length > 60 ? written[..60] + "…" : written;
        throw row.Error($"label {label.Expectation} is {written}; expected one of {string.Join(", ", labels.Keys)}");
    }
}
