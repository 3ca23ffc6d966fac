namespace IlZo.Tasks;

/// <summary>A prompt with one candidate answer, as tokens.</summary>
/// <param name="Tokens">Prompt and answer, with the tokenizer's BOS in front where it adds one.</param>
/// <param name="OptionLength">
/// How many tokens are scored, the answer ("option"): the last ones, unless <see cref="WithScored"/> says which. At least 1 and less than
/// all, so that every option token has a prefix.
/// </param>
public sealed record EncodedCandidate(int[] Tokens, int OptionLength)
{
    /// <summary>
    /// Where one output of one token is the candidate's score and the answer is no part of the text: the token's place in the text, and
    /// the output, a vocabulary id or a class. Null where the answer is part of the text.
    /// </summary>
    public (int Token, int Output)? Reading { get; private init; }

    /// <summary>The type of each token, where they are not all 0; else null.</summary>
    internal int[]? Types { get; init; }

    /// <summary>The places of the scored tokens, rising, where they are not the last ones; else null.</summary>
    public int[]? Scored { get; private init; }

    /// <summary>The ids that are scored.</summary>
    public ReadOnlySpan<int> Option => Reading is { } reading ? new int[] { reading.Output }
        : Scored is { } places ? places.Select(p => Tokens[p]).ToArray()
        : Tokens.AsSpan(Tokens.Length - OptionLength);

    /// <summary>The place of a scored token of the text.</summary>
    /// <param name="index">Which of them, from 0.</param>
    public int PlaceOf(int index) => Scored is { } places ? places[index] : Tokens.Length - OptionLength + index;

    /// <summary>A candidate that is one output of one token: a word at a mask, or a class.</summary>
    /// <param name="tokens">The text, which all candidates of an example share.</param>
    /// <param name="token">The token's place in it.</param>
    /// <param name="output">The output, a vocabulary id or a class.</param>
    public static EncodedCandidate AtToken(int[] tokens, int token, int output) => new(tokens, 1) { Reading = (token, output) };

    /// <summary>A candidate of which any tokens are scored, such as the assistant's turns of a conversation.</summary>
    /// <param name="tokens">The tokens, of which the last is scored.</param>
    /// <param name="places">The places of the scored ones, rising and above 0.</param>
    public static EncodedCandidate WithScored(int[] tokens, int[] places) =>
        new(tokens, places.Length) { Scored = places[0] == tokens.Length - places.Length ? null : places };
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
    /// <summary>The candidate that <see cref="Correct"/> says.</summary>
    public EncodedCandidate CorrectCandidate => Candidates[Correct];

    /// <summary>The candidates that count as correct predictions.</summary>
    public IReadOnlyList<int> Accepted { get; init; } = [Correct];

    /// <summary>The candidates' own texts.</summary>
    public IReadOnlyList<string> CandidateTexts { get; init; } = [];

    /// <summary>The prompt that a text is generated from; empty where candidates are compared.</summary>
    public int[] Prompt { get; init; } = [];

    /// <summary>The gold answers that the generated text is compared with.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>Whether tokens were cut off on the left of a prompt.</summary>
    public bool Truncated { get; init; }
}
