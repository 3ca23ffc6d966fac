namespace IlZo.Tokenization.ChatTemplates;

internal sealed record ConditionalExpression(Expression Then, Expression Condition, Expression? Otherwise, int Position) : Expression(Position)
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
    protected override object? Compute(RenderContext context) => Operand.Evaluate(context) switch
    {
        long and not long.MinValue and var number => (object)-number,
        double number => -number,
        long => throw context.Error(Position, ArithmeticExpression.TooLarge),
        var other => throw context.Error(Position, $"'-' stands before {TemplateValue.KindOf(other)}; a number was expected"),
    };
}

/// <summary>A chain of comparisons such as <c>a &lt; b == c</c>, true where each holds.</summary>
internal sealed record CompareExpression(Expression First, IReadOnlyList<(string Operator, Expression Right)> Rest, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        var left = First.Evaluate(context);
        foreach (var (symbol, expression) in Rest)
        {
            var right = expression.Evaluate(context);
            if (!Holds(context, symbol, left, right))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    /// <summary>Whether a value is in a list, a key in a mapping, or a string in another.</summary>
    public static bool Contains(RenderContext context, int position, object? container, object? value) => context.Comparer.IsIn(value, container)
        ?? throw context.Error(
            position, $"{TemplateValue.KindOf(value)} is looked for in {TemplateValue.KindOf(container)}; a list, a mapping or, for strings, a string was expected");

    private bool Holds(RenderContext context, string symbol, object? left, object? right)
    {
        switch (symbol)
        {
            case "==":
                return context.Comparer.Equals(left, right);
            case "!=":
                return !context.Comparer.Equals(left, right);
            case "in":
                return Contains(context, Position, right, left);
            case "not in":
                return !Contains(context, Position, right, left);
        }

        // Nothing is less or greater than what is not a number, nor equal to it.
        int? order = left is long m && right is long n ? m.CompareTo(n)
            : TemplateValue.TryNumber(left, out double x) && TemplateValue.TryNumber(right, out double y) ? double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y)
            : left is string a && right is string b ? context.Comparer.Order(a, b)
            : throw context.Error(Position, $"'{symbol}' stands between {TemplateValue.KindOf(left)} and {TemplateValue.KindOf(right)}; two numbers or two strings were expected");
        return symbol switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }
}

/// <summary><c>+ - * / // %</c> and <c>~</c>.</summary>
internal sealed record ArithmeticExpression(string Operator, Expression Left, Expression Right, int Position) : Expression(Position)
{
    /// <summary>What is said of whole numbers that Python has and a template here has not.</summary>
    public const string TooLarge = "the whole number has more than 64 bits";

    protected override object? Compute(RenderContext context)
    {
        var left = Left.Evaluate(context);
        var right = Right.Evaluate(context);
        if (Operator == "~")
        {
            return Joined(context, ValueText.Of(left, context.Budget), ValueText.Of(right, context.Budget));
        }

        return (Operator, left, right) switch
        {
            ("+", string a, string b) => Joined(context, a, b),
            ("+", List<object?> a, List<object?> b) => Joined(context, a, b),
            ("/" or "//" or "%", not null, 0L or 0.0 or false) => throw context.Error(Position, $"'{Operator}' divides by zero"),
            (not "/", long a, long b) => Whole(a, b) is var whole && whole >= long.MinValue && whole <= long.MaxValue
                ? (long)whole
                : throw context.Error(Position, TooLarge),
            _ when TemplateValue.TryNumber(left, out double a) && TemplateValue.TryNumber(right, out double b) => Real(a, b),
            _ => throw context.Error(
                Position,
                $"'{Operator}' stands between {Named(left)} and {Named(right)}; two numbers{(Operator == "+" ? ", two strings or two lists" : string.Empty)} were expected"),
        };
    }

    private static string Named(object? value) => value is Undefined { Name: var name } ? $"'{name}', which is not defined," : TemplateValue.KindOf(value);

    private static string Joined(RenderContext context, string left, string right)
    {
        context.Budget.Text((long)left.Length + right.Length);
        return left + right;
    }

    private static List<object?> Joined(RenderContext context, List<object?> left, List<object?> right)
    {
        context.Budget.List((long)left.Count + right.Count);
        return [.. left, .. right];
    }

    // Division rounds down and a remainder has the divisor's sign, as in Python.
    private Int128 Whole(Int128 a, Int128 b)
    {
        switch (Operator)
        {
            case "+":
                return a + b;
            case "-":
                return a - b;
            case "*":
                return a * b;
        }

        var (quotient, rest) = Int128.DivRem(a, b);
        bool down = rest != 0 && Int128.IsNegative(rest) != Int128.IsNegative(b);
        return Operator == "//" ? quotient - (down ? 1 : 0) : rest + (down ? b : 0);
    }

    private double Real(double a, double b) => Operator switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "//" => Math.Floor(a / b),
        _ => a - (b * Math.Floor(a / b)),
    };
}
