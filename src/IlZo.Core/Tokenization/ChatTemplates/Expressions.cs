namespace IlZo.Tokenization.ChatTemplates;

/// <summary>A part of a template that has a value.</summary>
/// <param name="Position">Where it stands in the source.</param>
internal abstract record Expression(int Position)
{
    public object? Evaluate(RenderContext context)
    {
        context.Budget.Step(Position);
        int held = context.Held;
        var value = Compute(context);
        context.Release(held);
        context.Hold(value);
        return value;
    }

    protected abstract object? Compute(RenderContext context);
}

internal sealed record LiteralExpression(object? Value, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context) => Value;
}

internal sealed record ListExpression(IReadOnlyList<Expression> Items, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        context.Budget.List(Items.Count);
        return Items.Select(i => i.Evaluate(context)).ToList();
    }
}

internal sealed record MapExpression(IReadOnlyList<(Expression Key, Expression Value)> Items, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        context.Budget.Map(Items.Count);
        var map = new OrderedDictionary<string, object?>();
        foreach (var (key, value) in Items)
        {
            map[key.Evaluate(context) as string ?? throw context.Error(key.Position, "the key of a mapping is no string")] =
                value.Evaluate(context);
        }

        return map;
    }
}

internal sealed record NameExpression(string Name, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context) => context.TryGet(Name, out var value) ? value : new Undefined(Name);
}

/// <summary><c>target.name</c> or <c>target[key]</c>.</summary>
internal sealed record MemberExpression(Expression Target, Expression Key, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        var target = Target.Evaluate(context);
        var key = Key.Evaluate(context);
        switch (target, key)
        {
            case (OrderedDictionary<string, object?> map, string name):
                return context.Comparer.TryGet(map, name, out var value) ? value : Missing(name);
            case (TemplateNamespace space, string name):
                return space.Members.TryGetValue(name, out var member) ? member : Missing(name);
            case (List<object?> list, long index):
                return At(list.Count, index) is int place ? list[place] : Missing($"[{index}]");
            case (string text, long index):
                return At(TemplateValue.Count(text, context.Budget)!.Value, index) is int at ? CodePoints.At(text, at) : Missing($"[{index}]");
            case (Undefined or null, _):
                string what = target is Undefined undefined ? $"'{undefined.Name}' is not defined" : "the value is none";
                throw context.Error(Position, $"{what} and has no member '{ValueText.Of(key, context.Budget)}'");
            default:
                return Missing(ValueText.Of(key, context.Budget));
        }
    }

    private static Undefined Missing(string name) => new(name);

    private static int? At(int count, long index)
    {
        long place = index < 0 ? index + count : index;
        return place >= 0 && place < count ? (int)place : null;
    }
}

/// <summary><c>target[start:stop:step]</c> of a list or a string, by Python's rules.</summary>
internal sealed record SliceExpression(Expression Target, Expression? Start, Expression? Stop, Expression? Step, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        var target = Target.Evaluate(context);
        if (target is not (string or List<object?>))
        {
            throw context.Error(Position, $"{TemplateValue.KindOf(target)} is sliced; a list or a string was expected");
        }

        int count = TemplateValue.Count(target, context.Budget)!.Value;
        long step = Whole(Step, context) ?? 1;
        if (step == 0)
        {
            throw context.Error(Position, "the step of a slice is 0");
        }

        // Going backwards, the places run from Count - 1 down to 0 and the end is in front of the first.
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? count : count - 1;
        long start = Bound(Whole(Start, context), step > 0 ? low : high);
        long stop = Bound(Whole(Stop, context), step > 0 ? high : low);
        long length = Math.Max(0, ((stop - start) / step) + 1);
        if (target is string text)
        {
            // Where characters differ in length, the place of each is found first.
            context.Budget.List(count < text.Length ? count : 0);
            context.Budget.Work(step == 1 ? 0 : length);
            context.Budget.Text(Math.Min(text.Length, 2 * length));
            return CodePoints.Slice(text, start, stop, step);
        }

        var items = (List<object?>)target;
        context.Budget.List(length);
        var taken = new List<object?>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            taken.Add(items[(int)i]);
        }

        return taken;

        long Bound(long? given, long otherwise) =>
            given is { } bound ? Math.Clamp(bound < 0 ? bound + count : bound, low, high) : otherwise;
    }

    private static long? Whole(Expression? expression, RenderContext context) => expression?.Evaluate(context) switch
    {
        null => null,
        long number and > int.MinValue and < int.MaxValue => number,
        var other => throw context.Error(expression.Position, $"the bound of a slice is {TemplateValue.KindOf(other)}; a whole number was expected"),
    };
}

/// <summary>The arguments of a call as they are written.</summary>
internal sealed record ArgumentList(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
{
    public static ArgumentList Empty { get; } = new([], []);

    public CallArguments Evaluate(string what, RenderContext context, int position) => new(
        what,
        [.. Positional.Select(a => a.Evaluate(context))],
        Named.ToDictionary(a => a.Name, a => a.Value.Evaluate(context)),
        context,
        position);
}

/// <summary><c>function(arguments)</c> or <c>value.method(arguments)</c>.</summary>
internal sealed record CallExpression(Expression Target, ArgumentList Arguments, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        if (Target is MemberExpression { Key: LiteralExpression { Value: string method } } member)
        {
            var self = member.Target.Evaluate(context);
            if (self is string or OrderedDictionary<string, object?> && Methods.Find(self, method) is { } found)
            {
                return found(self, Arguments.Evaluate($"{method}()", context, Position));
            }

            if (self is string or OrderedDictionary<string, object?> or List<object?>)
            {
                throw context.Error(Position, $"the method '{method}' of {TemplateValue.KindOf(self)} is not supported; {Methods.Known(self)}");
            }
        }

        if (Target.Evaluate(context) is TemplateFunction function)
        {
            return function(Arguments.Evaluate(Name, context, Position));
        }

        throw context.Error(Position, $"{Name} is not a function; {Functions.Known} or a macro was expected");
    }

    private string Name => Target switch
    {
        NameExpression name => $"{name.Name}()",
        MemberExpression { Key: LiteralExpression { Value: string key } } => $"{key}()",
        _ => "the value",
    };
}

internal sealed record FilterExpression(Expression Input, string Name, TemplateFilter Filter, ArgumentList Arguments, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        return Filter(Input.Evaluate(context), Arguments.Evaluate($"the filter {Name}", context, Position));
    }
}

internal sealed record TestExpression(Expression Input, string Name, TemplateTest Test, bool Negated, ArgumentList Arguments, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        return Test(Input.Evaluate(context), Arguments.Evaluate($"the test {Name}", context, Position)) != Negated;
    }
}
