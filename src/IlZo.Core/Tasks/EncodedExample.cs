namespace IlZo.Tasks;

/// <summary>A prompt with one candidate answer, as tokens.</summary>
/// <param name="Tokens">Prompt and answer, with the tokenizer's BOS in front where it adds one.</param>
/// <param name="OptionLength">
/// How many of the last tokens are the answer ("option"): at least 1, less than all, so that every option token has a prefix.
/// </param>
public sealed record EncodedCandidate(int[] Tokens, int OptionLength)
{
    /// <summary>The tokens that are scored.</summary>
    public ReadOnlySpan<int> Option => Tokens.AsSpan(Tokens.Length - OptionLength);
}

/// <summary>An example as tokens.</summary>
/// <param name="Candidates">
/// All candidates in the definition's order. <see cref="TaskObjective.Classification"/> trains on all of them,
/// <see cref="TaskObjective.LanguageModel"/> on <see cref="CorrectCandidate"/>; prediction compares all in either case.
/// </param>
/// <param name="Correct">The index of the correct one.</param>
/// <param name="Where"><c>file:line</c>.</param>
public sealed record EncodedExample(IReadOnlyList<EncodedCandidate> Candidates, int Correct, string Where)
{
    public EncodedCandidate CorrectCandidate => Candidates[Correct];
}
