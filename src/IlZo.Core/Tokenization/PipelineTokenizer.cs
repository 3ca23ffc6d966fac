namespace IlZo.Tokenization;

/// <summary>What surrounds a text: ids in front and behind, and the id that ends a text; and the one that masks a token.</summary>
internal sealed record SpecialFrame(int[] Prefix, int[] Suffix, int? EosId, int? MaskId = null)
{
    /// <summary>What surrounds two texts, where the files say more of it than of one.</summary>
    public PairFrame? Pair { get; init; }

    public int? BosId => Prefix.Length > 0 ? Prefix[0] : null;

    /// <summary>Ids with what surrounds a text; where they begin or end with that already, it is not doubled.</summary>
    public int[] Around(List<int> ids) =>
    [
        .. ids is [var first, ..] && first == BosId ? [] : Prefix,
        .. ids,
        .. ids is [.., var last] && Suffix is [var end, ..] && last == end ? [] : Suffix,
    ];
}

/// <summary>The parts of a <see cref="PipelineTokenizer"/>, in the order in which they see a text.</summary>
internal sealed record PipelineParts(TokenTable Tokens, IWordModel Model)
{
    /// <summary>Tokens cut out of the raw text.</summary>
    public AddedTokens Raw { get; init; } = new([]);

    public IReadOnlyList<Func<string, string>> Normalizer { get; init; } = [];

    /// <summary>Tokens cut out of the normalized text.</summary>
    public AddedTokens Normalized { get; init; } = new([]);

    public IPreTokenizer? PreTokenizer { get; init; }

    /// <summary>The steps of decoding, or null for tokens joined by spaces, as the reference library does without a decoder.</summary>
    public IReadOnlyList<DecoderStep>? Decoder { get; init; }
}

/// <summary>What makes tokens of the words that a text was cut into.</summary>
internal interface IWordModel
{
    /// <summary>Appends the ids of a word.</summary>
    void Encode(string piece, List<int> output);
}

/// <summary>The tokenizer of a tokenizer.json, and of the files that can be expressed as one.</summary>
internal sealed class PipelineTokenizer(PipelineParts parts, SpecialFrame frame) : ITokenizer
{
    private readonly Lazy<AddedTokens> _markup = new(() => new AddedTokens(parts.Raw.All.Concat(parts.Tokens.Special)));

    public int VocabularySize => parts.Tokens.Size;

    public string? Piece(int id) => parts.Tokens.TryGetText(id, out string? text) ? text : null;

    public int? BosId => frame.BosId;

    public int? EosId => frame.EosId;

    public int? MaskId => frame.MaskId;

    PairFrame ITokenizer.Pair => frame.Pair ?? PairFrame.Of(frame.Prefix, frame.Suffix);

    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var output = new List<int>();
        if (addSpecialTokens)
        {
            output.AddRange(frame.Prefix);
        }

        EncodeCut(parts.Raw.Cut(text), output);
        if (addSpecialTokens)
        {
            output.AddRange(frame.Suffix);
        }

        return [.. output];
    }

    public int[] EncodeMarkup(string text, bool addSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var output = new List<int>();
        EncodeCut(_markup.Value.Cut(text), output);
        return addSpecialTokens ? frame.Around(output) : [.. output];
    }

    public int CountSpecialTokens(string text) => _markup.Value.Cut(text).Count(part => part.Id >= 0 && parts.Tokens.IsSpecial(part.Id));

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var texts = new List<string>(ids.Length);
        foreach (int id in ids)
        {
            parts.Tokens.Check(id);
            if (!(skipSpecialTokens && parts.Tokens.IsSpecial(id)) && parts.Tokens.TryGetText(id, out string? text))
            {
                texts.Add(text);
            }
        }

        if (parts.Decoder is null)
        {
            return string.Join(' ', texts);
        }

        foreach (DecoderStep step in parts.Decoder)
        {
            texts = step(texts);
        }

        return string.Concat(texts);
    }

    private void EncodeCut(IEnumerable<(string Text, int Id)> cut, List<int> output)
    {
        bool atStart = true;
        int before = -1;
        string? segment = null;
        foreach ((string text, int id) in cut)
        {
            if (id < 0)
            {
                segment = text;
                continue;
            }

            Flush(id);
            output.Add(id);
            (before, atStart) = (id, false);
        }

        Flush(-1);

        // The text between two tokens, without the white space that they take.
        void Flush(int after)
        {
            string between = parts.Tokens.Between(segment ?? string.Empty, before, after);
            if (between.Length > 0)
            {
                EncodeSegment(between, atStart, output);
                atStart = false;
            }

            segment = null;
        }
    }

    private void EncodeSegment(string segment, bool atStart, List<int> output)
    {
        string normalized = segment;
        foreach (Func<string, string> step in parts.Normalizer)
        {
            normalized = step(normalized);
        }

        var pieces = new List<string>();
        foreach ((string piece, int id) in parts.Normalized.Cut(normalized))
        {
            if (id >= 0)
            {
                output.Add(id);
            }
            else if (parts.PreTokenizer is null)
            {
                parts.Model.Encode(piece, output);
            }
            else
            {
                pieces.Clear();
                parts.PreTokenizer.Split(piece, atStart, pieces);
                foreach (string word in pieces)
                {
                    parts.Model.Encode(word, output);
                }
            }

            atStart = false;
        }
    }
}
