using System.Runtime.CompilerServices;
using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Reads expressions with Jinja's precedences, from <c>if … else</c> down to calls.</summary>
internal sealed partial class ExpressionParser(TokenReader tokens)
{
    private static readonly string[] s_comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>The names that stand in what a reading reads.</summary>
    public IReadOnlySet<string> NamesIn(Action reading)
    {
        var (outer, inner) = (_names, new HashSet<string>(StringComparer.Ordinal));
        _names = inner;
        reading();
        outer.UnionWith(inner);
        _names = outer;
        return inner;
    }

    /// <summary>Reads an expression.</summary>
    /// <param name="withCondition">Whether <c>a if b else c</c> may be one; not where an <c>if</c> follows that means something
    /// else.</param>
    public Expression Parse(bool withCondition = true)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var value = Or();
        while (withCondition && tokens.Current is var at && tokens.TryWord("if"))
        {
            var condition = Or();
            value = new ConditionalExpression(value, condition, tokens.TryWord("else") ? Parse() : null, at.Position);
        }

        return value;
    }

    /// <summary>Reads an expression, or several with commas between them as a tuple.</summary>
    public Expression ParseTuple(bool withCondition = true)
    {
        var first = Parse(withCondition);
        if (!tokens.Current.Is(TemplateTokenKind.Operator, ","))
        {
            return first;
        }

        var items = new List<Expression> { first };
        while (tokens.TryOperator(",") && tokens.Current.Kind is not (TemplateTokenKind.BlockEnd or TemplateTokenKind.OutputEnd)
            && !tokens.Current.Is(TemplateTokenKind.Operator, ")"))
        {
            items.Add(Parse(withCondition));
        }

        return new TupleExpression(items, first.Position);
    }

    private Expression Or()
    {
        var left = And();
        while (tokens.Current is var at && tokens.TryWord("or"))
        {
            left = new LogicExpression(left, And(), IsAnd: false, at.Position);
        }

        return left;
    }

    private Expression And()
    {
        var left = Not();
        while (tokens.Current is var at && tokens.TryWord("and"))
        {
            left = new LogicExpression(left, Not(), IsAnd: true, at.Position);
        }

        return left;
    }

    private Expression Not()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var at = tokens.Current;
        return tokens.TryWord("not") ? new NotExpression(Not(), at.Position) : Compare();
    }

    private Expression Compare()
    {
        var first = Sum();
        int position = tokens.Current.Position;
        var rest = new List<(string, Expression)>();
        while (Comparison() is { } symbol)
        {
            rest.Add((symbol, Sum()));
        }

        return rest.Count == 0 ? first : new CompareExpression(first, rest, position);
    }

    private string? Comparison()
    {
        var current = tokens.Current;
        if (current.Kind == TemplateTokenKind.Operator && s_comparisons.Contains(current.Text))
        {
            return tokens.Take().Text;
        }

        if (tokens.TryWord("in"))
        {
            return "in";
        }

        if (current.Is(TemplateTokenKind.Name, "not") && tokens.Next.Is(TemplateTokenKind.Name, "in"))
        {
            tokens.Take();
            tokens.Take();
            return "not in";
        }

        return null;
    }

    private Expression Sum() => LeftToRight(Concatenation, "+", "-");

    private Expression Concatenation() => LeftToRight(Product, "~");

    private Expression Product() => LeftToRight(Power, "*", "/", "//", "%");

    // From left to right, unlike Python's.
    private Expression Power() => LeftToRight(() => Unary(withFilters: true), "**");

    private Expression LeftToRight(Func<Expression> operand, params ReadOnlySpan<string> operators)
    {
        var left = operand();
        while (tokens.Current is { Kind: TemplateTokenKind.Operator } at && operators.Contains(at.Text))
        {
            tokens.Take();
            left = new ArithmeticExpression(at.Text, left, operand(), at.Position);
        }

        return left;
    }

    private Expression Unary(bool withFilters)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var at = tokens.Current;
        var value = tokens.TryOperator("-") ? new NegativeExpression(Unary(withFilters: false), at.Position)
            : tokens.TryOperator("+") ? new PositiveExpression(Unary(withFilters: false), at.Position)
            : Primary();
        value = Postfix(value);
        return withFilters ? Filtered(value) : value;
    }

    private Expression Primary()
    {
        var at = tokens.Take();
        switch (at.Kind)
        {
            case TemplateTokenKind.String:
                var text = new StringBuilder(at.Text);
                while (tokens.Current.Kind == TemplateTokenKind.String)
                {
                    text.Append(tokens.Take().Text);
                }

                return new LiteralExpression(text.ToString(), at.Position);
            case TemplateTokenKind.Integer:
                return Integer(at);
            case TemplateTokenKind.Float:
                return new LiteralExpression(PythonNumbers.ReadReal(at.Text)!.Value, at.Position);
            case TemplateTokenKind.Name:
                _names.Add(at.Text);
                return at.Text switch
                {
                    "true" or "True" => new LiteralExpression(true, at.Position),
                    "false" or "False" => new LiteralExpression(false, at.Position),
                    "none" or "None" => new LiteralExpression(null, at.Position),
                    _ => new NameExpression(at.Text, at.Position),
                };
            case TemplateTokenKind.Operator when at.Text == "(":
                var inner = tokens.Current.Is(TemplateTokenKind.Operator, ")") ? new TupleExpression([], at.Position) : ParseTuple();
                tokens.Operator(")");
                return inner;
            case TemplateTokenKind.Operator when at.Text == "[":
                return new ListExpression(Items("]", () => Parse()), at.Position);
            case TemplateTokenKind.Operator when at.Text == "{":
                return new MapExpression(Items("}", Pair), at.Position);
            default:
                throw tokens.Error(at.Position, $"found {at.Shown}; a value was expected");
        }
    }

    private LiteralExpression Integer(TemplateToken token) => PythonNumbers.ReadInteger(token.Text, radix: 0) switch
    {
        null => throw tokens.Error(token.Position, $"{token.Text} is not a number"),
        { } whole when whole <= long.MaxValue => new LiteralExpression((long)whole, token.Position),
        _ => throw tokens.Error(token.Position, $"the number {token.Text} has more than 64 bits"),
    };

    private (Expression Key, Expression Value) Pair()
    {
        var key = Parse();
        tokens.Operator(":");
        return (key, Parse());
    }

    // Items with commas between them, the last one too, up to what closes them.
    private List<T> Items<T>(string close, Func<T> item)
    {
        var items = new List<T>();
        while (!tokens.TryOperator(close))
        {
            items.Add(item());
            if (!tokens.TryOperator(","))
            {
                tokens.Operator(close);
                break;
            }
        }

        return items;
    }

    private Expression Postfix(Expression value)
    {
        while (tokens.Current is { Kind: TemplateTokenKind.Operator } at)
        {
            if (tokens.TryOperator("."))
            {
                var name = tokens.Take();
                var key = name.Kind switch
                {
                    TemplateTokenKind.Name => new LiteralExpression(name.Text, name.Position),
                    TemplateTokenKind.Integer => Integer(name),
                    _ => throw tokens.Error(name.Position, $"found {name.Shown}; a name was expected"),
                };
                value = new MemberExpression(value, key, IsAttribute: true, at.Position);
            }
            else if (tokens.TryOperator("["))
            {
                value = Subscript(value, at.Position);
            }
            else if (at.Text == "(")
            {
                value = new CallExpression(value, Arguments(), at.Position);
            }
            else
            {
                break;
            }
        }

        return value;
    }

    private Expression Subscript(Expression value, int position)
    {
        var start = Bound();
        if (!tokens.TryOperator(":"))
        {
            var key = start ?? throw tokens.Unexpected("an index");
            tokens.Operator("]");
            return new MemberExpression(value, key, IsAttribute: false, position);
        }

        var stop = Bound();
        var step = tokens.TryOperator(":") ? Bound() : null;
        tokens.Operator("]");
        return new SliceExpression(value, start, stop, step, position);

        Expression? Bound() => tokens.Current is { Kind: TemplateTokenKind.Operator, Text: ":" or "]" } ? null : Parse();
    }
}
