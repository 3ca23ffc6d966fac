using System.Runtime.InteropServices;

namespace IlZo.Tokenization;

/// <summary>
/// WordPiece: a word becomes the longest token that it begins with, then the longest that continues it, and so on; where none does, or the
/// word is too long, all of it is the unknown token.
/// Source: google-research/bert tokenization.py, WordpieceTokenizer; huggingface/tokenizers models/wordpiece.
/// </summary>
internal sealed class WordPieceModel : IWordModel
{
    /// <summary>What stands before a token that continues a word.</summary>
    public const string DefaultPrefix = "##";

    /// <summary>The longest word, in characters, that is not unknown.</summary>
    public const int DefaultLongestWord = 100;

    /// <summary>The largest value of a longest word: the work for a word grows with its square.</summary>
    public const int LargestLongestWord = 1000;

    private readonly Dictionary<string, int> _begins = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _continues = new(StringComparer.Ordinal);
    private readonly int _unknownId;
    private readonly int _longestWord;
    private readonly int _longestToken;
    private readonly WordCache _cache = new();

    /// <param name="tokens">The vocabulary; tokens that are added to it later are none of the model's.</param>
    /// <param name="unknownId">The token of words that have no others.</param>
    /// <param name="prefix">What stands before a token that continues a word.</param>
    /// <param name="longestWord">The longest word, in characters, that is not unknown.</param>
    public WordPieceModel(TokenTable tokens, int unknownId, string prefix = DefaultPrefix, int longestWord = DefaultLongestWord)
    {
        _unknownId = unknownId;
        _longestWord = longestWord;
        foreach ((string text, int id) in tokens.All)
        {
            _begins.Add(text, id);
            if (text.StartsWith(prefix, StringComparison.Ordinal))
            {
                _continues.Add(text[prefix.Length..], id);
            }

            _longestToken = Math.Max(_longestToken, text.Length);
        }
    }

    /// <inheritdoc/>
    public void Encode(string piece, List<int> output)
    {
        if (_cache.TryGet(piece, out int[]? known))
        {
            output.AddRange(known);
            return;
        }

        int start = output.Count;
        if (IsTooLong(piece) || !TryCut(piece, output))
        {
            CollectionsMarshal.SetCount(output, start);
            output.Add(_unknownId);
        }

        _cache.Add(piece, CollectionsMarshal.AsSpan(output)[start..]);
    }

    private bool TryCut(ReadOnlySpan<char> word, List<int> output)
    {
        var tokens = _begins.GetAlternateLookup<ReadOnlySpan<char>>();
        while (word.Length > 0)
        {
            int length = Math.Min(word.Length, _longestToken);
            int id = -1;
            while (length > 0 && !tokens.TryGetValue(word[..length], out id))
            {
                length--;
            }

            if (length == 0)
            {
                return false;
            }

            output.Add(id);
            word = word[length..];
            tokens = _continues.GetAlternateLookup<ReadOnlySpan<char>>();
        }

        return true;
    }

    // Surrogate pairs are one character each.
    private bool IsTooLong(string word) => word.Length > _longestWord && word.EnumerateRunes().Count() > _longestWord;
}
