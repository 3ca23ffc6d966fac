using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace IlZo.Tokenization;

/// <summary>
/// The BPE model of a tokenizer.json: characters become symbols, symbols are merged. A character outside the vocabulary
/// becomes its bytes (<c>&lt;0x..&gt;</c>) where byte fallback is on, else the unknown token, else nothing.
/// </summary>
internal sealed class BpeModel : IWordModel
{
    private readonly TokenTable _tokens;
    private readonly BpeMerges _merges;
    private readonly BpeOptions _options;
    private readonly Dictionary<int, int> _characters = [];
    private readonly int[]? _bytes;
    private readonly WordCache _cache = new();

    public BpeModel(TokenTable tokens, BpeMerges merges, BpeOptions options)
    {
        _tokens = tokens;
        _merges = merges;
        _options = options;
        foreach ((string text, int id) in tokens.All)
        {
            if (MergeRules.IsOneCharacter(text, out Rune rune))
            {
                _characters[rune.Value] = id;
            }
        }

        if (options.ByteFallback)
        {
            _bytes = new int[256];
            for (int i = 0; i < 256; i++)
            {
                _bytes[i] = tokens.TryGetId(ByteToken(i), out int id) ? id : -1;
            }
        }
    }

    public static string ByteToken(int value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    /// <summary>Appends the ids of one piece of the pre-tokenized text.</summary>
    public void Encode(string piece, List<int> output)
    {
        if (_options.IgnoreMerges && _tokens.TryGetId(piece, out int whole))
        {
            output.Add(whole);
            return;
        }

        if (_cache.TryGet(piece, out int[]? known))
        {
            output.AddRange(known);
            return;
        }

        int start = output.Count;
        AppendSymbols(piece, output);
        int count = _merges.Apply(CollectionsMarshal.AsSpan(output)[start..]);
        CollectionsMarshal.SetCount(output, start + count);
        _cache.Add(piece, CollectionsMarshal.AsSpan(output)[start..]);
    }

    private void AppendSymbols(string piece, List<int> symbols)
    {
        bool afterUnknown = false;
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in piece.EnumerateRunes())
        {
            bool unknown = false;
            if (_characters.TryGetValue(rune.Value, out int id))
            {
                symbols.Add(id);
            }
            else if (!TryAppendBytes(utf8[..rune.EncodeToUtf8(utf8)], symbols) && _options.UnknownId is { } unknownId)
            {
                unknown = true;
                if (!afterUnknown || !_options.FuseUnknown)
                {
                    symbols.Add(unknownId);
                }
            }

            afterUnknown = unknown;
        }
    }

    private bool TryAppendBytes(ReadOnlySpan<byte> utf8, List<int> symbols)
    {
        if (_bytes is null)
        {
            return false;
        }

        foreach (byte value in utf8)
        {
            if (_bytes[value] < 0)
            {
                return false;
            }
        }

        foreach (byte value in utf8)
        {
            symbols.Add(_bytes[value]);
        }

        return true;
    }
}

/// <summary>The options of a <see cref="BpeModel"/>, named as in a tokenizer.json.</summary>
internal sealed record BpeOptions(
    int? UnknownId = null, bool FuseUnknown = false, bool ByteFallback = false, bool IgnoreMerges = false);
