using IlZo.Tokenization;

namespace IlZo.Cli;

/// <summary>Shows tokens as text.</summary>
internal static class TokenText
{
    /// <summary>What a token adds to the text of those before it; null where the tokenizer does not know them.</summary>
    public static string? After(ITokenizer tokenizer, IReadOnlyList<int> ids, int id)
    {
        if (id >= tokenizer.VocabularySize || ids.Any(i => i >= tokenizer.VocabularySize))
        {
            return null;
        }

        string before = tokenizer.Decode([.. ids], skipSpecialTokens: false);
        string after = tokenizer.Decode([.. ids, id], skipSpecialTokens: false);
        return after.StartsWith(before, StringComparison.Ordinal)
            ? after[before.Length..]
            : tokenizer.Decode([id], skipSpecialTokens: false);
    }
}
