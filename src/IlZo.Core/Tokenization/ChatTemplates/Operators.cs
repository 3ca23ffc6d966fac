namespace IlZo.Tokenization.ChatTemplates;

internal sealed record ConditionalExpression(
    Expression Then, Expression Condition, Expression? Otherwise, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context) =>
        TemplateValue.IsTrue(Condition.Evaluate(context)) ? Then.Evaluate(context)
        : Otherwise is { } otherwise ? otherwise.Evaluate(context)
        : new Undefined("the value of an 'if' without 'else'");
}

/// <summary><c>and</c> or <c>or</c>: the value that decides, as in Python.</summary>
internal sealed record LogicExpression(Expression Left, Expression Right, bool IsAnd, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        var left = Left.Evaluate(context);
        return TemplateValue.IsTrue(left) == IsAnd ? Right.Evaluate(context) : left;
    }
}

internal sealed record NotExpression(Expression Operand, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context) => !TemplateValue.IsTrue(Operand.Evaluate(context));
}

internal sealed record NegativeExpression(Expression Operand, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context) => TemplateValue.Plain(Operand.Evaluate(context)) switch
    {
        long and not long.MinValue and var number => (object)-number,
        double number => -number,
        long => throw context.Error(Position, ArithmeticExpression.TooLarge),
        var other => throw context.Error(Position, $"'-' stands before {TemplateValue.KindOf(other)}; a number was expected"),
    };
}

/// <summary>A chain of comparisons such as <c>a &lt; b == c</c>, true where each holds.</summary>
internal sealed record CompareExpression(
    Expression First, IReadOnlyList<(string Operator, Expression Right)> Rest, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        var left = First.Evaluate(context);
        foreach (var (symbol, expression) in Rest)
        {
            var right = expression.Evaluate(context);
            if (!Holds(context, Position, symbol, left, right))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    /// <summary>Whether a value is in a list, a key in a mapping, or a string in another.</summary>
    public static bool Contains(
        RenderContext context, int position, object? container, object? value) => context.Comparer.IsIn(value, container)
        ?? throw context.Error(
            position, $"{TemplateValue.KindOf(value)} is looked for in {TemplateValue.KindOf(container)}; a list, a mapping or, for "
                + "strings, a string was expected");

    /// <summary>Whether a comparison is true.</summary>
    public static bool Holds(RenderContext context, int position, string symbol, object? left, object? right)
    {
        switch (symbol)
        {
            case "==":
                return context.Comparer.Equals(left, right);
            case "!=":
                return !context.Comparer.Equals(left, right);
            case "in":
                return Contains(context, position, right, left);
            case "not in":
                return !Contains(context, position, right, left);
        }

        if (!context.Comparer.TryOrder(left, right, out int? order))
        {
            throw context.Error(
                position, $"'{symbol}' stands between {TemplateValue.KindOf(left)} and {TemplateValue.KindOf(right)}; two numbers, two "
                    + "strings or two lists of such were expected");
        }

        return symbol switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }
}

