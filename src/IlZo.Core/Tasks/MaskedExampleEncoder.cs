using IlZo.Tokenization;

namespace IlZo.Tasks;

/// <summary>
/// Turns examples into tokens for a masked language model as LM-BFF and MeZO do (princeton-nlp/MeZO,
/// <c>medium_models/src/dataset.py</c>, <c>tokenize_multipart_input</c>): pieces are tokenized one by one and joined between BOS and EOS,
/// what is too long is cut off at the tail, and a candidate is the single token of a space and its word.
/// </summary>
internal sealed class MaskedExampleEncoder
{
    private readonly ITokenizer _tokenizer;
    private readonly Dictionary<string, int> _words = new(StringComparer.Ordinal);
    private readonly int _bos;
    private readonly int _eos;
    private readonly int _mask;

    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="maxLength">Tokens a text may have, BOS and EOS included; at least 1.</param>
    /// <exception cref="InvalidInputException">The tokenizer has no mask, or nothing to put around a text.</exception>
    public MaskedExampleEncoder(ITokenizer tokenizer, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        _tokenizer = tokenizer;
        MaxLength = maxLength;
        _bos = Required(tokenizer.BosId, "bos_token");
        _eos = Required(tokenizer.EosId, "eos_token");
        _mask = Required(tokenizer.MaskId, "mask_token");
    }

    public int MaxLength { get; }

    /// <summary>Encodes an example: the same text for all candidates, read at the mask.</summary>
    /// <param name="example">An example of a task with a masked prompt.</param>
    /// <exception cref="InvalidInputException">A candidate is not one token, or the mask does not fit into the maximum length.</exception>
    public EncodedExample Encode(Example example)
    {
        var tokens = new List<int> { _bos };
        int mask = 0;
        foreach (var piece in example.MaskedPrompt)
        {
            if (piece.Text is null)
            {
                mask = tokens.Count;
                tokens.Add(_mask);
            }
            else
            {
                int[] ids = _tokenizer.Encode(piece.Text, addSpecialTokens: false);
                tokens.AddRange(ids.AsSpan(0, Math.Min(ids.Length, piece.Limit ?? ids.Length)));
            }
        }

        tokens.Add(_eos);
        if (mask >= MaxLength)
        {
            throw new InvalidInputException(
                $"{example.Where}: the mask is token {mask + 1} of the prompt, of which {MaxLength} are kept; expected a shorter text, or "
                    + "a limit of the piece before the mask.");
        }

        int[] text = [.. tokens.Take(MaxLength)];
        return new EncodedExample(
            [.. example.Candidates.Select(w => EncodedCandidate.AtToken(text, mask, Word(w, example)))], example.Correct, example.Where)
        {
            CandidateTexts = example.Candidates,
        };
    }

    private static int Required(int? id, string name) => id ?? throw new InvalidInputException(
        $"The model's tokenizer names no {name}; a tokenizer of a masked language model was expected.");

    private int Word(string word, Example example)
    {
        if (!_words.TryGetValue(word, out int id))
        {
            int[] ids = _tokenizer.Encode(" " + word, addSpecialTokens: false);
            id = ids.Length == 1
                ? ids[0]
                : throw new InvalidInputException(
                    $"{example.Where}: candidate \"{word}\" is {ids.Length} tokens of the model's; a word of one token was expected, since "
                        + "one mask is read.");
            _words.Add(word, id);
        }

        return id;
    }
}
