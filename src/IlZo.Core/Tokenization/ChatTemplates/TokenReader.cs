namespace IlZo.Tokenization.ChatTemplates;

/// <summary>The tokens of a template, read one after the other.</summary>
internal sealed class TokenReader(TemplateSource source)
{
    private readonly List<TemplateToken> _tokens = TemplateLexer.Lex(source);
    private int _at;

    public TemplateToken Current => _tokens[_at];

    public TemplateToken Next => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

    public TemplateToken Take() => _tokens[Current.Kind == TemplateTokenKind.End ? _at : _at++];

    /// <summary>Takes the operator if it is next.</summary>
    public bool TryOperator(string text) => Try(TemplateTokenKind.Operator, text);

    /// <summary>Takes the word if it is next.</summary>
    public bool TryWord(string text) => Try(TemplateTokenKind.Name, text);

    public void Operator(string text)
    {
        if (!TryOperator(text))
        {
            throw Unexpected($"'{text}'");
        }
    }

    public void Word(string text)
    {
        if (!TryWord(text))
        {
            throw Unexpected($"'{text}'");
        }
    }

    public string Name() => Current.Kind == TemplateTokenKind.Name ? Take().Text : throw Unexpected("a name");

    public void Expect(TemplateTokenKind kind, string expected)
    {
        if (Current.Kind != kind)
        {
            throw Unexpected(expected);
        }

        Take();
    }

    public InvalidInputException Unexpected(string expected) =>
        source.Error(Current.Position, $"found {Current.Shown}; {expected} was expected");

    public InvalidInputException Error(int position, string problem) => source.Error(position, problem);

    private bool Try(TemplateTokenKind kind, string text)
    {
        bool found = Current.Is(kind, text);
        if (found)
        {
            _at++;
        }

        return found;
    }
}
