namespace IlZo.Tokenization.ChatTemplates;

// Arguments, filters and tests.
internal sealed partial class ExpressionParser
{
    /// <summary>Reads arguments in parentheses.</summary>
    public ArgumentList Arguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string Name, Expression Value)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        Expression? list = null;
        Expression? mapping = null;
        tokens.Operator("(");
        Items(")", () =>
        {
            var at = tokens.Current;
            if (tokens.TryOperator("*"))
            {
                list = list is null && mapping is null ? Parse() : throw tokens.Unexpected("one list of arguments");
            }
            else if (tokens.TryOperator("**"))
            {
                mapping = mapping is null ? Parse() : throw tokens.Unexpected("one mapping of arguments");
            }
            else if (at.Kind == TemplateTokenKind.Name && tokens.Next.Is(TemplateTokenKind.Operator, "=") && mapping is null)
            {
                tokens.Take();
                tokens.Take();
                named.Add(
                    (names.Add(at.Text) ? at.Text : throw tokens.Error(at.Position, $"the argument '{at.Text}' is given twice"), Parse()));
            }
            else
            {
                positional.Add(
                    named.Count == 0 && list is null && mapping is null ? Parse() : throw tokens.Unexpected("an argument with a name"));
            }

            return at;
        });
        return new ArgumentList(positional, named, list, mapping);
    }

    private Expression Filtered(Expression value)
    {
        while (true)
        {
            if (tokens.TryOperator("|"))
            {
                var filter = Filter();
                value = new FilterExpression(value, filter, filter.Position);
            }
            else if (tokens.TryWord("is"))
            {
                value = Test(value);
            }
            else if (tokens.Current.Is(TemplateTokenKind.Operator, "("))
            {
                value = Postfix(value);
            }
            else
            {
                return value;
            }
        }
    }

    /// <summary>Reads a filter, and others with <c>|</c> between them.</summary>
    public IReadOnlyList<AppliedFilter> Chain()
    {
        var filters = new List<AppliedFilter>();
        do
        {
            filters.Add(Filter());
        }
        while (tokens.TryOperator("|"));
        return filters;
    }

    private AppliedFilter Filter()
    {
        var at = tokens.Current;
        string name = tokens.Name();
        var filter = Filters.Find(name) ?? throw tokens.Error(at.Position, $"the filter '{name}' is not supported; {Filters.Known} are");
        return new AppliedFilter(name, filter, OptionalArguments(), at.Position);
    }

    private TestExpression Test(Expression value)
    {
        bool negated = tokens.TryWord("not");
        var at = tokens.Current;
        string name = tokens.Name();
        var test = Tests.Find(name) ?? throw tokens.Error(at.Position, $"the test '{name}' is not supported; {Tests.Known} are");
        var arguments = OptionalArguments();
        bool bare = arguments == ArgumentList.Empty && tokens.Current.Kind switch
        {
            TemplateTokenKind.Name => tokens.Current.Text is not ("else" or "or" or "and" or "if" or "is" or "in" or "not"),
            TemplateTokenKind.String or TemplateTokenKind.Integer or TemplateTokenKind.Float => true,
            _ => tokens.Current is { Kind: TemplateTokenKind.Operator, Text: "[" or "{" },
        };
        return new TestExpression(value, name, test, negated, bare ? new ArgumentList([Postfix(Primary())], []) : arguments, at.Position);
    }

    private ArgumentList OptionalArguments() => tokens.Current.Is(TemplateTokenKind.Operator, "(") ? Arguments() : ArgumentList.Empty;
}
