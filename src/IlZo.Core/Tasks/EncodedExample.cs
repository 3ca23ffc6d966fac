namespace IlZo.Tasks;

/// <summary>A prompt with one candidate answer, as tokens.</summary>
/// <param name="Tokens">Prompt and answer, with the tokenizer's BOS in front where it adds one.</param>
/// <param name="OptionLength">
/// How many of the last tokens are the answer ("option"): at least 1, less than all, so that every option token has a prefix.
/// </param>
public sealed record EncodedCandidate(int[] Tokens, int OptionLength)
{
    /// <summary>
    /// Where one output of one token is the candidate's score and the answer is no part of the text: the token's place in the text, and
    /// the output, a vocabulary id or a class. Null where the answer is the end of the text.
    /// </summary>
    public (int Token, int Output)? Reading { get; private init; }

    /// <summary>The ids that are scored.</summary>
    public ReadOnlySpan<int> Option => Reading is { } reading ? new int[] { reading.Output } : Tokens.AsSpan(Tokens.Length - OptionLength);

    /// <summary>A candidate that is one output of one token: a word at a mask, or a class.</summary>
    /// <param name="tokens">The text, which all candidates of an example share.</param>
    /// <param name="token">The token's place in it.</param>
    /// <param name="output">The output, a vocabulary id or a class.</param>
    public static EncodedCandidate AtToken(int[] tokens, int token, int output) => new(tokens, 1) { Reading = (token, output) };
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
