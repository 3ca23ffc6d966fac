namespace IlZo.Tokenization.ChatTemplates;

/// <summary><c>+</c> before a number.</summary>
internal sealed record PositiveExpression(Expression Operand, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context) => TemplateValue.Plain(Operand.Evaluate(context)) switch
    {
        long number => (object)number,
        double number => number,
        var other => throw context.Error(Position, $"'+' stands before {TemplateValue.KindOf(other)}; a number was expected"),
    };
}

/// <summary><c>+ - * / // % **</c> and <c>~</c>.</summary>
internal sealed record ArithmeticExpression(string Operator, Expression Left, Expression Right, int Position) : Expression(Position)
{
    /// <summary>What is said of whole numbers that Python has and a template here has not.</summary>
    public const string TooLarge = "the whole number has more than 64 bits";

    protected override object? Compute(RenderContext context)
    {
        var left = Left.Evaluate(context);
        var right = Right.Evaluate(context);
        return Operator == "~"
            ? Joined(context, ValueText.Of(left, context.Budget), ValueText.Of(right, context.Budget))
            : Compute(context, Position, Operator, TemplateValue.Plain(left), TemplateValue.Plain(right));
    }

    /// <summary>The value of an operation, in which truth values are already numbers.</summary>
    public static object? Compute(
        RenderContext context, int position, string symbol, object? left, object? right) => (symbol, left, right) switch
        {
            ("%", string format, _) => FormatText.Percent(format, right, context.Budget, problem => context.Error(position, problem)),
            ("+", string a, string b) => Joined(context, a, b),
            ("+", List<object?> a and not TemplateView, List<object?> b) when a.GetType() == b.GetType() => Joined(context, a, b),
            ("*", string or (List<object?> and not TemplateView), long times) => Repeated(context, left, times),
            ("*", long times, string or (List<object?> and not TemplateView)) => Repeated(context, right, times),
            ("/" or "//" or "%", long or double, 0L or 0.0) => throw context.Error(position, $"'{symbol}' divides by zero"),
            ("**", 0L or 0.0, < 0L or < 0.0) => throw context.Error(position, "zero is raised to a negative power"),
            ("**", long a, >= 0L and var b) => Whole(Power(a, b), context, position),
            (not ("/" or "**"), long a, long b) => Whole(Exact(symbol, a, b), context, position),
            _ when left is long or double && right is long or double =>
                Real(symbol, Convert.ToDouble(left), Convert.ToDouble(right), context, position),
            _ => throw context.Error(
                position,
                $"'{symbol}' stands between {Named(left)} and {Named(right)}; two "
                    + $"numbers{(symbol == "+" ? ", two strings or two lists" : string.Empty)} were expected"),
        };

    private static string Named(object? value) =>
        value is Undefined { Name: var name } ? $"'{name}', which is not defined," : TemplateValue.KindOf(value);

    private static string Joined(RenderContext context, string left, string right)
    {
        context.Budget.Text((long)left.Length + right.Length);
        return left + right;
    }

    private static List<object?> Joined(RenderContext context, List<object?> left, List<object?> right)
    {
        context.Budget.List((long)left.Count + right.Count);
        return left is TemplateTuple ? new TemplateTuple(left.Concat(right)) : [.. left, .. right];
    }

    private static object Repeated(RenderContext context, object repeated, long times)
    {
        int count = (int)Math.Clamp(times, 0, int.MaxValue);
        if (repeated is string text)
        {
            context.Budget.Text((long)text.Length * count);
            return string.Concat(Enumerable.Repeat(text, text.Length == 0 ? 0 : count));
        }

        var list = (List<object?>)repeated;
        context.Budget.List((long)list.Count * count);
        var items = list.Count == 0 ? [] : Enumerable.Repeat(list, count).SelectMany(l => l);
        return list is TemplateTuple ? new TemplateTuple(items) : items.ToList();
    }

    private static object Whole(Int128 whole, RenderContext context, int position) =>
        whole >= long.MinValue && whole <= long.MaxValue ? (object)(long)whole : throw context.Error(position, TooLarge);

    // Beyond 64 bits only that it is so.
    private static Int128 Power(Int128 a, long exponent)
    {
        var result = Int128.One;
        if (Int128.Abs(a) <= 1)
        {
            return exponent == 0 ? 1 : exponent % 2 == 0 ? a * a : a;
        }

        for (; exponent > 0 && Int128.Abs(result) <= ulong.MaxValue; exponent--)
        {
            result *= a;
        }

        return result;
    }

    // Division rounds down and a remainder has the divisor's sign, as in Python.
    private static Int128 Exact(string symbol, Int128 a, Int128 b)
    {
        switch (symbol)
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
        return symbol == "//" ? quotient - (down ? 1 : 0) : rest + (down ? b : 0);
    }

    private static object Real(string symbol, double a, double b, RenderContext context, int position)
    {
        switch (symbol)
        {
            case "+":
                return a + b;
            case "-":
                return a - b;
            case "*":
                return a * b;
            case "/":
                return a / b;
            case "**":
                double power = Math.Pow(a, b);
                return (double.IsNaN(power) && !double.IsNaN(a) && !double.IsNaN(b))
                    || (double.IsInfinity(power) && double.IsFinite(a) && double.IsFinite(b))
                    ? throw context.Error(position, "the power is not a number of 64 bits")
                    : power;
        }

        // Python's float_divmod.
        double rest = a % b;
        double quotient = (a - rest) / b;
        if (rest != 0 && double.IsNegative(b) != double.IsNegative(rest))
        {
            rest += b;
            quotient--;
        }

        rest = rest == 0 ? Math.CopySign(0, b) : rest;
        double floor = quotient == 0 ? Math.CopySign(0, a / b) : Math.Floor(quotient);
        return symbol == "%" ? rest : quotient - floor > 0.5 ? floor + 1 : floor;
    }
}
