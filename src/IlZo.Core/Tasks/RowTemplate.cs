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

    public required CandidateSource Candidates { get; init; }

    /// <summary>Refuses a row that no example can be made of, without making the prompts.</summary>
    public void Check(in TaskRow row)
    {
        Causal?.Prompt.For(row).Check(row);
        Causal?.ContentFree?.For(row).Check(row);
        Causal?.Answer.Check(row);
        Masked?.Check(row);
        foreach (var text in Texts)
        {
            text.Check(row);
        }

        Candidates.Read(row);
    }

    public Example Render(in TaskRow row)
    {
        string[] texts = new string[Texts.Count];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = Texts[i].Render(row);
        }

        return Render(row, Causal?.Prompt) with { MaskedPrompt = Masked?.Render(row) ?? [], Texts = texts };
    }

    /// <summary>The example as it would be without the row's content.</summary>
    public Example RenderContentFree(in TaskRow row) => Render(row, Causal!.ContentFree!);

    private Example Render(in TaskRow row, PromptChoice? choice)
    {
        string prompt = choice?.For(row).Render(row) ?? string.Empty;
        var candidates = Candidates.Read(row);
        string[] verbalized = new string[Causal is null ? 0 : candidates.Texts.Count];
        for (int i = 0; i < verbalized.Length; i++)
        {
            verbalized[i] = prompt + Causal!.Answer.Render(row, candidates.Texts[i]);
        }

        return new Example(prompt, candidates.Texts, verbalized, candidates.Accepted[0], row.File, row.Line)
        {
            Accepted = candidates.Accepted,
            Answers = candidates.Answers,
        };
    }
}
