using IlZo.Tokenization;

namespace IlZo.Tasks;

/// <summary>
/// Turns examples into tokens for a classification head as transformers' tokenizers do: one text or two with the tokenizer's special
/// tokens around each, cut off at the tail of the longer one.
/// </summary>
internal sealed class TextPairEncoder
{
    /// <summary>The longest example of the published experiments, in tokens.</summary>
    public const int DefaultMaxLength = 128;

    private readonly ITokenizer _tokenizer;
    private readonly bool _readsFirst;
    private readonly bool _hasTypes;
    private readonly int[] _prefix;
    private readonly int[] _suffix;
    private readonly PairFrame _pair;

    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="readsFirst">Whether the class is read at the first token, whose state knows the whole text; else at the last.</param>
    /// <param name="maxLength">Tokens an example may have, special ones included; at least 1.</param>
    /// <param name="hasTypes">Whether the model tells types of tokens apart.</param>
    public TextPairEncoder(ITokenizer tokenizer, bool readsFirst, int maxLength, bool hasTypes = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        _tokenizer = tokenizer;
        _readsFirst = readsFirst;
        _hasTypes = hasTypes;
        MaxLength = maxLength;
        int[] frame = tokenizer.Encode(string.Empty);
        int front = frame.Length > 0 && frame[0] == tokenizer.BosId ? 1 : 0;
        _prefix = frame[..front];
        _suffix = frame[front..];
        _pair = tokenizer.Pair;
    }

    public int MaxLength { get; }

    /// <summary>Encodes an example of a task with texts: the same tokens for all candidates, which are the classes.</summary>
    /// <exception cref="InvalidInputException">The example has no tokens, or the special ones leave no room for others.</exception>
    public EncodedExample Encode(Example example)
    {
        int[][] texts = [.. example.Texts.Select(t => _tokenizer.Encode(t, addSpecialTokens: false))];

        bool isPair = texts.Length == 2;
        int special = isPair ? _pair.Count : _prefix.Length + _suffix.Length;
        if (special >= MaxLength || texts.All(t => t.Length == 0))
        {
            throw new InvalidInputException(
                $"{example.Where}: {texts.Sum(t => t.Length)} tokens of text and {special} special ones make no example of at most "
                    + $"{MaxLength}; at least one token of text was expected.");
        }

        Truncate(texts, MaxLength - special);
        var (tokens, types) = isPair ? _pair.Around(texts[0], texts[1]) : ([.. _prefix, .. texts[0], .. _suffix], null);
        int read = _readsFirst ? 0 : tokens.Length - 1;
        return new EncodedExample(
            [
                .. Enumerable.Range(0, example.Candidates.Count)
                    .Select(c => EncodedCandidate.AtToken(tokens, read, c) with { Types = _hasTypes ? types : null }),
            ],
            example.Correct,
            example.Where)
        {
            CandidateTexts = example.Candidates,
        };
    }

    // One token after the other of the text that is longer, the second where both are equally long.
    private static void Truncate(int[][] texts, int room)
    {
        int first = texts[0].Length;
        int second = texts.Length == 2 ? texts[1].Length : 0;
        while (first + second > room)
        {
            if (first > second)
            {
                first--;
            }
            else
            {
                second--;
            }
        }

        texts[0] = texts[0][..first];
        if (texts.Length == 2)
        {
            texts[1] = texts[1][..second];
        }
    }
}
