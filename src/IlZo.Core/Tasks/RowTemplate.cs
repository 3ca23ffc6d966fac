using System.Globalization;
using System.Text.Json;

namespace IlZo.Tasks;

/// <summary>How a task makes an example of a row.</summary>
internal sealed class RowTemplate
{
    /// <summary>The lists whose elements become examples, or null where a row is one example.</summary>
    public required FieldPath? Each { get; init; }

    /// <summary>The prompt of a causal model and what follows it, or null where the task is for masked ones only.</summary>
    public required CausalPrompt? Causal { get; init; }

    /// <summary>The prompt of a masked model, or null where the task is for causal ones only.</summary>
    public required MaskedPrompt? Masked { get; init; }

    /// <summary>What a classification head reads; empty where the task is for prompts only.</summary>
    public required IReadOnlyList<TextTemplate> Texts { get; init; }

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
        Causal?.Prompt.For(row).Check(row);
        Causal?.Answer.Check(row);
        Masked?.Check(row);
        foreach (var text in Texts)
        {
            text.Check(row);
        }

        foreach (var candidate in Candidates)
        {
            candidate.Check(row);
        }

        CorrectCandidate(row);
    }

    public Example Render(in TaskRow row)
    {
        string[] texts = new string[Texts.Count];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = Texts[i].Render(row);
        }

        string prompt = Causal?.Prompt.For(row).Render(row) ?? string.Empty;
        string[] candidates = new string[Candidates.Count];
        string[] verbalized = new string[Causal is null ? 0 : Candidates.Count];
        for (int i = 0; i < candidates.Length; i++)
        {
            candidates[i] = Candidates[i].Render(row);
            if (Causal is not null)
            {
                verbalized[i] = prompt + Causal.Answer.Render(row, candidates[i]);
            }
        }

        return new Example(prompt, candidates, verbalized, CorrectCandidate(row), row.File, row.Line)
        {
            MaskedPrompt = Masked?.Render(row) ?? [],
            Texts = texts,
        };
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
