using IlZo.Tokenization;

namespace IlZo.Tasks;

/// <summary>
/// Turns examples into tokens as MeZO does (princeton-nlp/MeZO, <c>large_models/utils.py</c>, <c>encode_prompt</c>): an option's
/// length is the difference in length of the whole prompt with and without it, and what does not fit is cut off on the left.
/// </summary>
internal sealed class ExampleEncoder
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
    /// <param name="example">The example.</param>
    /// <param name="demonstrations">Solved examples that stand before every prompt, a blank line between; see
    /// <see cref="Demonstrations"/>.</param>
    /// <exception cref="InvalidInputException">
    /// A candidate adds no token to the prompt, or does not fit into the maximum length.
    /// </exception>
    public EncodedExample Encode(Example example, string demonstrations = "")
    {
        // Spaces only: a newline before the answer is part of the prompt.
        string prompt = example.Prompt.Trim(' ');
        int[] promptTokens = _tokenizer.Encode(prompt);
        bool truncated = false;
        var candidates = new EncodedCandidate[example.Verbalized.Count];
        for (int i = 0; i < candidates.Length; i++)
        {
            candidates[i] = Encode(example, i, promptTokens.Length, demonstrations, ref truncated);
        }

        return new EncodedExample(candidates, example.Correct, example.Where)
        {
            Accepted = example.Accepted,
            CandidateTexts = example.Candidates,
            Answers = example.Answers,
            Prompt = example.Answers.Count > 0 ? Truncate(Final(prompt, promptTokens, demonstrations), ref truncated) : [],
            Truncated = truncated,
        };
    }

    private EncodedCandidate Encode(Example example, int candidate, int promptLength, string demonstrations, ref bool truncated)
    {
        string verbalized = example.Verbalized[candidate].Trim(' ');
        int[] tokens = _tokenizer.Encode(verbalized);
        int optionLength = tokens.Length - promptLength;
        if (optionLength <= 0)
        {
            throw new InvalidInputException(
                $"{example.Where}: candidate \"{example.Candidates[candidate]}\" adds no token to the prompt; "
                + "expected an answer that the tokenizer keeps separate from the prompt.");
        }

        tokens = Truncate(Final(verbalized, tokens, demonstrations), ref truncated);
        if (optionLength >= tokens.Length)
        {
            throw new InvalidInputException(
                $"{example.Where}: candidate \"{example.Candidates[candidate]}\" has {optionLength} tokens "
                + $"and the prompt keeps none before it; expected prompt and answer to share {MaxLength} tokens.");
        }

        return new EncodedCandidate(tokens, optionLength);
    }

    // The tokens of a text as the model reads it, which is tokenized again only where it is another text then.
    private int[] Final(string text, int[] tokens, string demonstrations)
    {
        string final = (demonstrations.Length > 0 ? demonstrations + Demonstrations.Separator + text : text).TrimStart();
        return final.Length == text.Length ? tokens : _tokenizer.Encode(final);
    }

    private int[] Truncate(int[] tokens, ref bool truncated)
    {
        if (tokens.Length <= MaxLength)
        {
            return tokens;
        }

        truncated = true;
        return tokens[0] == _tokenizer.BosId
            ? [tokens[0], .. tokens.AsSpan(tokens.Length - (MaxLength - 1))]
            : tokens[^MaxLength..];
    }
}
