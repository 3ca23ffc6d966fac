using System.Text;

namespace IlZo.Tokenization;

/// <summary>Makes the <see cref="BpeMerges"/> of the ways in which files write them down.</summary>
internal static class MergeRules
{
    /// <summary>Adds the rule of one line of a list of merges: both parts and their concatenation must be tokens.</summary>
    public static void Add(
        BpeMerges merges, TokenTable tokens, string left, string right, int rank, Func<string, InvalidInputException> error)
    {
        merges.Set(IdOf(left), IdOf(right), rank, IdOf(left + right));

        int IdOf(string text) => tokens.TryGetId(text, out int id)
            ? id
            : throw error($"the merge of '{left}' and '{right}' needs the token '{text}', which is not in the vocabulary");
    }

    /// <summary>Splits a line "a b".</summary>
    public static (string Left, string Right) Parse(string line, Func<string, InvalidInputException> error)
    {
        int space = line.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && space < line.Length - 1 && line.IndexOf(' ', space + 1) < 0
            ? (line[..space], line[(space + 1)..])
            : throw error("two tokens with one space between them were expected");
    }

    /// <summary>
    /// Adds a rule for every way to cut a token in two known symbols, where a file gives tokens a rank instead of listing
    /// merges.
    /// </summary>
    public static void AddCuts(
        BpeMerges merges, Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> symbols, string token, int rank, int id)
    {
        for (int at = 1; at < token.Length; at++)
        {
            if (char.IsLowSurrogate(token[at]) && char.IsHighSurrogate(token[at - 1]))
            {
                continue;
            }

            if (symbols.TryGetValue(token.AsSpan(0, at), out int left) && symbols.TryGetValue(token.AsSpan(at), out int right))
            {
                merges.Set(left, right, rank, id);
            }
        }
    }

    /// <summary>Whether a text is one character.</summary>
    public static bool IsOneCharacter(string text, out Rune rune) =>
        Rune.DecodeFromUtf16(text, out rune, out int length) == System.Buffers.OperationStatus.Done && length == text.Length;
}
