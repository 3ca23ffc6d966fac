using System.Text;

namespace IlZo.Tokenization;

/// <summary>The pieces of a SentencePiece model that stand for single bytes.</summary>
internal sealed class BytePieces
{
    private readonly int[] _values;
    private readonly int[]? _ids;

    /// <param name="model">The model.</param>
    /// <exception cref="InvalidInputException">A byte's piece names none, or the model falls back to bytes and lacks one.</exception>
    public BytePieces(SentencePieceModel model)
    {
        _values = new int[model.Pieces.Count];
        for (int id = 0; id < _values.Length; id++)
        {
            (string text, _, PieceType type) = model.Pieces[id];
            _values[id] = type != PieceType.Byte ? -1
                : Decoders.TryParseByte(text, out byte value) ? value
                : throw model.Error($"the byte piece '{text}' does not name a byte");
        }

        _ids = model.ByteFallback ? Ids(model) : null;
    }

    /// <summary>Whether characters without a piece become their bytes.</summary>
    public bool AreFallback => _ids is not null;

    /// <summary>The byte that a piece stands for.</summary>
    public bool TryGetByte(int id, out byte value)
    {
        bool isByte = id < _values.Length && _values[id] >= 0;
        value = isByte ? (byte)_values[id] : default;
        return isByte;
    }

    /// <summary>Appends the pieces of a character's bytes in UTF-8; only where they are the fallback.</summary>
    public void Append(Rune rune, List<int> output)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)])
        {
            output.Add(_ids![value]);
        }
    }

    private int[] Ids(SentencePieceModel model)
    {
        var ids = new int[256];
        Array.Fill(ids, -1);
        for (int id = 0; id < _values.Length; id++)
        {
            if (_values[id] >= 0)
            {
                ids[_values[id]] = id;
            }
        }

        int missing = ids.AsSpan().IndexOf(-1);
        return missing < 0 ? ids : throw model.Error($"byte_fallback is on and the piece of the byte {missing} is missing");
    }
}
