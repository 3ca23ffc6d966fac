using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>
/// The text of a continuation while its tokens arrive. What was handed out never changes: text that a further token could still
/// alter — the bytes of an unfinished character — is held back until it is settled.
/// </summary>
internal sealed class StreamingText
{
    private const char Replacement = '\uFFFD';

    private readonly ITokenizer _tokenizer;
    private readonly List<int> _ids;
    private readonly int _promptLength;
    private readonly int? _loneByte;
    private int _emitted;

    public StreamingText(ITokenizer tokenizer, IEnumerable<int> prompt)
    {
        _tokenizer = tokenizer;
        _ids = [.. prompt];
        _promptLength = Decode().Length;
        _loneByte = FindLoneByte(tokenizer);
    }

    /// <summary>All the text after the prompt: decode(all) without its beginning, decode(prompt).</summary>
    public string Text => Decode() is { } all && all.Length > _promptLength ? all[_promptLength..] : string.Empty;

    /// <summary>Adds a token and returns the text that is settled by it.</summary>
    public string Add(int id)
    {
        _ids.Add(id);
        return Emit(Settled());
    }

    /// <summary>The text that was held back, when no token follows.</summary>
    public string Finish() => Emit(Decode().Length);

    // A token that is a single byte makes the whole run of bytes it ends invalid where runs are decoded as one (byte fallback),
    // so what stays the same when it is appended stays the same whatever comes.
    private int Settled()
    {
        string text = Decode();
        int settled = text.AsSpan().TrimEnd(Replacement).Length;
        if (_loneByte is { } lone)
        {
            _ids.Add(lone);
            settled = Math.Min(settled, text.AsSpan().CommonPrefixLength(Decode()));
            _ids.RemoveAt(_ids.Count - 1);
        }

        return settled > 0 && char.IsHighSurrogate(text[settled - 1]) ? settled - 1 : settled;
    }

    private string Emit(int end)
    {
        int start = Math.Max(_promptLength, _emitted);
        if (end <= start)
        {
            return string.Empty;
        }

        _emitted = end;
        return Decode()[start..end];
    }

    private string Decode() => _tokenizer.Decode([.. _ids]);

    // The first byte of a character outside every vocabulary.
    private static int? FindLoneByte(ITokenizer tokenizer)
    {
        foreach (int id in tokenizer.Encode("\U0010FFFD", addSpecialTokens: false))
        {
            if (tokenizer.Decode([id]) == "\uFFFD")
            {
                return id;
            }
        }

        return null;
    }
}
