using System.Runtime.InteropServices;
using System.Text;

namespace IlZo.Tokenization;

/// <summary>
/// The tokenizer of a SentencePiece BPE model: the whole text is one sequence of characters, and the neighbours whose
/// concatenation is the piece of the highest score merge first.
/// </summary>
internal sealed class SentencePieceTokenizer : ITokenizer
{
    private const char Mark = '\u2581';

    private readonly SentencePieceModel _model;
    private readonly TokenTable _tokens = new();
    private readonly SpecialFrame _frame;
    private readonly BpeMerges _merges = new();
    private readonly AddedTokens _userDefined;
    private readonly AddedTokens _special;
    private readonly bool _spaceAfterSpecial;
    private readonly BytePieces _bytes;

    // The symbol of each character: its piece, or, for characters that only occur within pieces, a number from the size of
    // the vocabulary on, which stands for no piece.
    private readonly Dictionary<int, int> _characters = [];
    private readonly List<Rune> _withoutPiece = [];

    public SentencePieceTokenizer(SentencePieceModel model, TokenizerConvention convention)
    {
        _model = model;
        var userDefined = new List<(string, int)>();
        foreach ((string text, _, PieceType type) in model.Pieces)
        {
            int id = _tokens.Size;
            _tokens.Add(text, id, model.Error);
            if (type == PieceType.Control)
            {
                _tokens.MarkSpecial(id);
            }
            else if (type == PieceType.UserDefined)
            {
                userDefined.Add((text, id));
            }
        }

        _userDefined = new AddedTokens(userDefined);
        AddExtras(convention);
        _special = new AddedTokens(_tokens.Special);
        _spaceAfterSpecial = convention.SpaceAfterSpecial;
        _bytes = new BytePieces(model);
        AddMerges();
        _frame = Frame(convention);
    }

    public int VocabularySize => _tokens.Size;

    public string? Piece(int id) => _tokens.TryGetText(id, out string? text) ? text : null;

    public int? BosId => _frame.BosId;

    public int? EosId => _frame.EosId;

    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length + 2);
        if (addSpecialTokens)
        {
            ids.AddRange(_frame.Prefix);
        }

        EncodeSegment(text, dummySpace: true, ids);
        if (addSpecialTokens)
        {
            ids.AddRange(_frame.Suffix);
        }

        return [.. ids];
    }

    public int[] EncodeMarkup(string text, bool addSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length + 2);
        bool dummySpace = true;
        foreach ((string segment, int id) in _special.Cut(text))
        {
            if (id >= 0)
            {
                ids.Add(id);
            }
            else
            {
                EncodeSegment(segment, dummySpace, ids);
            }

            dummySpace = _spaceAfterSpecial;
        }

        return addSpecialTokens ? _frame.Around(ids) : [.. ids];
    }

    public int CountSpecialTokens(string text) => _special.Cut(text).Count(part => part.Id >= 0);

    private void EncodeSegment(string text, bool dummySpace, List<int> ids)
    {
        var symbols = new List<int>(text.Length + 1);
        foreach ((string segment, int id) in _userDefined.Cut(Normalize(text, dummySpace)))
        {
            if (id >= 0)
            {
                symbols.Add(id);
            }
            else
            {
                AppendSymbols(segment, symbols);
            }
        }

        int count = _merges.Apply(CollectionsMarshal.AsSpan(symbols));
        bool afterUnknown = false;
        foreach (int symbol in CollectionsMarshal.AsSpan(symbols)[..count])
        {
            if (symbol >= _tokens.Size && _bytes.AreFallback)
            {
                _bytes.Append(_withoutPiece[symbol - _tokens.Size], ids);
                continue;
            }

            // Neighbouring unknown characters make one unknown piece.
            bool unknown = symbol >= _tokens.Size || symbol == _model.UnknownId;
            if (!unknown || !afterUnknown)
            {
                ids.Add(unknown ? _model.UnknownId : symbol);
            }

            afterUnknown = unknown;
        }
    }

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();
        bool atStart = _model.AddDummyPrefix || _model.RemoveExtraWhitespace;
        foreach (int id in ids)
        {
            _tokens.Check(id);
            if (_bytes.TryGetByte(id, out byte value))
            {
                bytes.Add(value);
                continue;
            }

            AppendUtf8(bytes, text);
            atStart = atStart && text.Length == 0;
            if (_tokens.IsSpecial(id))
            {
                text.Append(!skipSpecialTokens && _tokens.TryGetText(id, out string? special) ? special : string.Empty);
            }
            else if (id == _model.UnknownId)
            {
                text.Append(_model.UnknownSurface);
            }
            else if (_tokens.TryGetText(id, out string? piece))
            {
                bool drop = atStart && piece[0] == Mark;
                text.Append(piece.Replace(Mark, ' ').AsSpan(drop ? 1 : 0));

                // One mark is the dummy prefix; where extra white space is removed, all marks in front go.
                atStart = atStart && !(drop && !_model.RemoveExtraWhitespace);
            }
        }

        AppendUtf8(bytes, text);
        return text.ToString();
    }

    /// <summary>The bytes as UTF-8, one U+FFFD for each byte that is not part of a character.</summary>
    private static void AppendUtf8(List<byte> bytes, StringBuilder text)
    {
        ReadOnlySpan<byte> rest = CollectionsMarshal.AsSpan(bytes);
        while (rest.Length > 0)
        {
            bool valid = Rune.DecodeFromUtf8(rest, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            text.Append(valid ? rune.ToString() : "\uFFFD");
            rest = rest[(valid ? length : 1)..];
        }

        bytes.Clear();
    }

    private string Normalize(string text, bool dummySpace)
    {
        if (!_model.RemoveExtraWhitespace)
        {
            return text.Length == 0 ? text : Prefix(text.Replace(' ', Mark), dummySpace);
        }

        // Spaces in front go, runs of spaces become one; marks at the end go, also those the text itself holds.
        var kept = new StringBuilder(text.Length);
        bool afterSpace = true;
        foreach (char c in text)
        {
            if (c != ' ' || !afterSpace)
            {
                kept.Append(c == ' ' ? Mark : c);
            }

            afterSpace = c == ' ';
        }

        return kept.Length == 0 ? string.Empty : Prefix(kept.ToString(), dummySpace).TrimEnd(Mark);
    }

    private string Prefix(string text, bool dummySpace) => _model.AddDummyPrefix && dummySpace ? Mark + text : text;

    private void AppendSymbols(string segment, List<int> symbols)
    {
        foreach (Rune rune in segment.EnumerateRunes())
        {
            if (_characters.TryGetValue(rune.Value, out int symbol))
            {
                symbols.Add(symbol);
            }
            else if (_bytes.AreFallback)
            {
                _bytes.Append(rune, symbols);
            }
            else
            {
                symbols.Add(_model.UnknownId);
            }
        }
    }

    private void AddExtras(TokenizerConvention convention)
    {
        convention.Complete(_tokens);
        foreach (ExtraToken token in convention.Parsed)
        {
            if (token.Id >= _model.Pieces.Count)
            {
                throw token.Place.Error($"the token '{token.Text}' is not special and stands outside the SentencePiece model");
            }
        }
    }

    private void AddMerges()
    {
        var symbols = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < _model.Pieces.Count; id++)
        {
            (string text, _, PieceType type) = _model.Pieces[id];
            if (type == PieceType.Normal)
            {
                symbols.Add(text, id);
                if (MergeRules.IsOneCharacter(text, out Rune rune))
                {
                    _characters.Add(rune.Value, id);
                }
            }
        }

        List<SentencePiece> normal = _model.Pieces.FindAll(piece => piece.Type == PieceType.Normal);
        foreach (Rune rune in normal.SelectMany(piece => piece.Text.EnumerateRunes()))
        {
            if (_characters.TryAdd(rune.Value, _tokens.Size + _withoutPiece.Count))
            {
                symbols.Add(rune.ToString(), _tokens.Size + _withoutPiece.Count);
                _withoutPiece.Add(rune);
            }
        }

        // Pieces of equal score share a rank: among them the leftmost place goes first.
        int rank = -1;
        float score = float.NaN;
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> bySpan = symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (SentencePiece piece in normal.OrderByDescending(piece => piece.Score))
        {
            rank += piece.Score == score ? 0 : 1;
            score = piece.Score;
            MergeRules.AddCuts(_merges, bySpan, piece.Text, rank, symbols[piece.Text]);
        }
    }

    /// <summary>What the files around the model say; a model alone is Llama's, with the ids its trainer was given.</summary>
    private SpecialFrame Frame(TokenizerConvention convention)
    {
        TokenizerFamily family = convention.Family == TokenizerFamily.Unknown ? TokenizerFamily.Llama : convention.Family;
        SpecialFrame frame = convention.Frame(_tokens, family);
        bool front = convention.AddBos ?? family == TokenizerFamily.Llama;
        return frame with
        {
            Prefix = front && frame.Prefix.Length == 0 && IsPiece(_model.BosId) ? [_model.BosId] : frame.Prefix,
            EosId = frame.EosId ?? (IsPiece(_model.EosId) ? _model.EosId : null),
        };
    }

    private bool IsPiece(int id) => (uint)id < (uint)_model.Pieces.Count;
}
