namespace IlZo.Tasks;

/// <summary>A piece of a masked prompt. Pieces become tokens one by one, so that no token spans two of them.</summary>
/// <param name="Text">Its text; null for the mask.</param>
/// <param name="Limit">The most tokens of it, which are its first ones; null for no limit.</param>
internal sealed record PromptPiece(string? Text, int? Limit);

/// <summary>
/// The prompt of a masked language model: pieces of text around one mask, at which the candidates' words are compared
/// (Gao et al. 2021, LM-BFF, arXiv 2012.15723).
/// </summary>
internal sealed class MaskedPrompt
{
    /// <summary>What stands for the mask in a definition.</summary>
    public const string Mask = "<mask>";

    /// <summary>The longest text where a definition names no other, in tokens: that of the published experiments.</summary>
    public const int DefaultMaxLength = 128;

    private readonly IReadOnlyList<(TextTemplate? Text, int? Limit)> _pieces;

    /// <param name="pieces">The pieces in order, exactly one of them without a text: the mask.</param>
    /// <param name="maxLength">The longest text with the tokens around it.</param>
    public MaskedPrompt(IReadOnlyList<(TextTemplate? Text, int? Limit)> pieces, int maxLength)
    {
        _pieces = pieces;
        MaxLength = maxLength;
    }

    /// <summary>The longest text with the tokens around it, in tokens.</summary>
    public int MaxLength { get; }

    /// <summary>Refuses a row that <see cref="Render"/> would refuse, without making the texts.</summary>
    public void Check(in TaskRow row)
    {
        foreach (var (text, _) in _pieces)
        {
            text?.Check(row);
        }
    }

    public IReadOnlyList<PromptPiece> Render(in TaskRow row)
    {
        var pieces = new PromptPiece[_pieces.Count];
        for (int i = 0; i < pieces.Length; i++)
        {
            pieces[i] = new PromptPiece(_pieces[i].Text?.Render(row), _pieces[i].Limit);
        }

        return pieces;
    }
}
