using System.Globalization;
using System.Text.Json;

namespace IlZo.Tasks;

/// <summary>How a task makes an example of a row.</summary>
internal sealed class RowTemplate
{
    /// <summary>The lists whose elements become examples, or null where a row is one example.</summary>
    public required FieldPath? Each { get; init; }

    public required PromptChoice Prompt { get; init; }

    public required TextTemplate Answer { get; init; }

    public required IReadOnlyList<TextTemplate> Candidates { get; init; }

    public required TaskField Label { get; init; }

    /// <summary>The candidate of every label value, under <see cref="LabelKey"/>.</summary>
    public required IReadOnlyDictionary<string, int> Labels { get; init; }

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

    /// <summary>Refuses a row that <see cref="Render"/> would refuse, without making the texts.</summary>
    public void Check(in TaskRow row)
    {
        Prompt.For(row).Check(row);
        Answer.Check(row);
        foreach (var candidate in Candidates)
        {
            candidate.Check(row);
        }

        CorrectCandidate(row);
    }

    public Example Render(in TaskRow row)
    {
        string prompt = Prompt.For(row).Render(row);
        string[] candidates = new string[Candidates.Count];
        string[] verbalized = new string[Candidates.Count];
        for (int i = 0; i < candidates.Length; i++)
        {
            candidates[i] = Candidates[i].Render(row);
            verbalized[i] = prompt + Answer.Render(row, candidates[i]);
        }

        return new Example(prompt, candidates, verbalized, CorrectCandidate(row), row.File, row.Line);
    }

    private int CorrectCandidate(in TaskRow row)
    {
        var value = row.Value(Label);
        if (LabelKey(value) is { } key && Labels.TryGetValue(key, out int candidate))
        {
            return candidate;
        }

        string written = value.GetRawText();
        written = written.Length > 60 ? written[..60] + "…" : written;
        throw row.Error($"label {Label.Expectation} is {written}; expected one of {string.Join(", ", Labels.Keys)}");
    }
}
