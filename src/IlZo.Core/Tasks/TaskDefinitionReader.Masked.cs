namespace IlZo.Tasks;

internal sealed partial class TaskDefinitionReader
{
    private MaskedPrompt? ReadMasked()
    {
        if (_root.TryGet("masked") is not { } node)
        {
            return null;
        }

        node.RequireKeys(["prompt"], ["max_length"]);
        (TextTemplate? Text, int? Limit)[] pieces = [.. node["prompt"].Elements().Select(ReadPiece)];
        int masks = pieces.Count(p => p.Text is null);
        if (masks != 1)
        {
            throw node["prompt"].Error($"has {masks} pieces \"{MaskedPrompt.Mask}\"; expected exactly one");
        }

        int maxLength = node.TryGet("max_length") is { } length ? PositiveCount(length) : MaskedPrompt.DefaultMaxLength;
        return new MaskedPrompt(pieces, maxLength);
    }

    private IReadOnlyList<TextTemplate> ReadTexts()
    {
        if (_root.TryGet("texts") is not { } node)
        {
            return [];
        }

        TextTemplate[] texts = [.. node.Elements().Select(PlainTemplate)];
        return texts.Length is 1 or 2 ? texts : throw node.Error($"has {texts.Length} texts; expected 1 or 2");
    }

    // A text, or a text with the most tokens that are kept of it.
    private (TextTemplate? Text, int? Limit) ReadPiece(DefinitionNode node)
    {
        if (node.IsText)
        {
            return (node.Text() == MaskedPrompt.Mask ? null : PlainTemplate(node), null);
        }

        node.RequireKeys(["text", "limit"], []);
        return (PlainTemplate(node["text"]), PositiveCount(node["limit"]));
    }
}
