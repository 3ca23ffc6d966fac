namespace IlZo.Tokenization.ChatTemplates;

internal enum TemplateTokenKind
{
    /// <summary>Text outside tags.</summary>
    Text,
    OutputBegin,
    OutputEnd,
    BlockBegin,
    BlockEnd,
    Name,
    Integer,
    Float,
    String,
    Operator,
    End,
}

/// <summary>A token of a template; the text of a string is its value, without quotes and escapes.</summary>
internal readonly record struct TemplateToken(TemplateTokenKind Kind, string Text, int Position)
{
    public bool Is(TemplateTokenKind kind, string text) => Kind == kind && Text == text;

    /// <summary>What messages call it.</summary>
    public string Shown => Kind switch
    {
        TemplateTokenKind.End => "the end of the template",
        TemplateTokenKind.Text => "text",
        _ => $"'{Text}'",
    };
}
