using System.Buffers;
using System.Globalization;
using System.Text;

namespace IlZo.Tokenization;

/// <summary>A step of decoding: a list of token texts becomes another; at the end the list is joined.</summary>
internal delegate List<string> DecoderStep(List<string> tokens);

/// <summary>The decoders a tokenizer.json can name, as the Hugging Face tokenizers library defines them.</summary>
internal static class Decoders
{
    // What the reference does to each token with the space before it.
    private static readonly (string From, string To)[] s_cleanups =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    /// <summary>Reads the tokens as GPT-2's byte alphabet, and the bytes as UTF-8.</summary>
    public static List<string> ByteLevel(List<string> tokens)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (string token in tokens)
        {
            if (token.Length > 0)
            {
                ByteLevelAlphabet.AppendBytes(token, bytes);
            }
        }

        return [Encoding.UTF8.GetString(bytes.WrittenSpan)];
    }

    public static List<string> Fuse(List<string> tokens) => [string.Concat(tokens)];

    public static DecoderStep Replace(string pattern, string content) =>
        tokens => tokens.ConvertAll(token => token.Replace(pattern, content, StringComparison.Ordinal));

    /// <summary>Runs of <c>&lt;0x..&gt;</c> become their text, or one U+FFFD a byte where the run is not UTF-8.</summary>
    public static List<string> ByteFallback(List<string> tokens)
    {
        var result = new List<string>(tokens.Count);
        var run = new List<byte>();
        foreach (string token in tokens)
        {
            if (TryParseByte(token, out byte value))
            {
                run.Add(value);
                continue;
            }

            Flush(run, result);
            result.Add(token);
        }

        Flush(run, result);
        return result;
    }

    /// <summary>Cuts up to so many of a character from the start and the end of each token.</summary>
    public static DecoderStep Strip(char content, int start, int stop) => tokens => tokens.ConvertAll(token =>
    {
        int from = 0;
        while (from < start && from < token.Length && token[from] == content)
        {
            from++;
        }

        int to = token.Length;
        while (token.Length - to < stop && to > from && token[to - 1] == content)
        {
            to--;
        }

        return token[from..to];
    });

    /// <summary>Marks become spaces; those of the first token vanish where encoding puts one in front.</summary>
    public static DecoderStep Metaspace(string mark, bool prepended) => tokens =>
    {
        var result = new List<string>(tokens.Count);
        foreach (string token in tokens)
        {
            result.Add(token.Replace(mark, prepended && result.Count == 0 ? string.Empty : " ", StringComparison.Ordinal));
        }

        return result;
    };

    /// <summary>Tokens that continue a word join it, others follow a space; and spaces that no English text has may go.</summary>
    public static DecoderStep WordPiece(string prefix, bool cleanup) => tokens =>
    {
        var result = new List<string>(tokens.Count);
        foreach (string token in tokens)
        {
            string text = result.Count == 0 ? token
                : token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..]
                : " " + token;
            result.Add(cleanup ? s_cleanups.Aggregate(text, (t, c) => t.Replace(c.From, c.To, StringComparison.Ordinal)) : text);
        }

        return result;
    };

    public static bool TryParseByte(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private static void Flush(List<byte> run, List<string> result)
    {
        if (run.Count == 0)
        {
            return;
        }

        byte[] bytes = [.. run];
        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            result.Add(Encoding.UTF8.GetString(bytes));
        }
        else
        {
            result.Add(new string('\uFFFD', run.Count));
        }

        run.Clear();
    }
}
