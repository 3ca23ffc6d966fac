using IlZo.Tokenization;

namespace IlZo.Tasks;

/// <summary>
/// Turns examples into tokens as MeZO does (princeton-nlp/MeZO, <c>large_models/utils.py</c>, <c>encode_prompt</c>): an option's
/// length is the difference in length of the whole prompt with and without it, and what does not fit is cut off on the left.
/// </summary>
public sealed class ExampleEncoder
{
    private readonly ITokenizer _tokenizer;

    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="maxLength">Tokens a prompt may have, BOS included; at least 2.</param>
    public ExampleEncoder(ITokenizer tokenizer, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        _tokenizer = tokenizer;
        MaxLength = maxLength;
    }

    public int MaxLength { get; }

    /// <summary>Encodes all candidates of an example.</summary>
    /// <exception cref="InvalidInputException">
    /// A candidate adds no token to the prompt, or does not fit into the maximum length.
    /// </exception>
    public EncodedExample Encode(Example example)
    {
        // Spaces only: a newline before the answer is part of the prompt.
        int promptLength = _tokenizer.Encode(example.Prompt.Trim(' ')).Length;
        var candidates = new EncodedCandidate[example.Verbalized.Count];
        for (int i = 0; i < candidates.Length; i++)
        {
            candidates[i] = Encode(example, i, promptLength);
        }

        return new EncodedExample(candidates, example.Correct, example.Where);
    }

    private EncodedCandidate Encode(Example example, int candidate, int promptLength)
    {
        string verbalized = example.Verbalized[candidate].Trim(' ');
        int[] tokens = _tokenizer.Encode(verbalized);
        int optionLength = tokens.Length - promptLength;
        if (optionLength <= 0)
        {
            throw new InvalidInputException(
                $"{example.Where}: candidate \"{example.Candidates[candidate]}\" adds no token to the prompt; "
                + "expected an answer that the tokenizer keeps apart from the prompt.");
        }

        string final = verbalized.TrimStart();
        if (final.Length != verbalized.Length)
        {
            tokens = _tokenizer.Encode(final);
        }

        tokens = Truncate(tokens);
        if (optionLength >= tokens.Length)
        {
            throw new InvalidInputException(
                $"{example.Where}: candidate \"{example.Candidates[candidate]}\" has {optionLength} tokens "
                + $"and the prompt keeps none before it; expected prompt and answer to share {MaxLength} tokens.");
        }

        return new EncodedCandidate(tokens, optionLength);
    }

    private int[] Truncate(int[] tokens)
    {
        if (tokens.Length <= MaxLength)
        {
            return tokens;
        }

        return tokens[0] == _tokenizer.BosId
            ? [tokens[0], .. tokens.AsSpan(tokens.Length - (MaxLength - 1))]
            : tokens[^MaxLength..];
    }
}
