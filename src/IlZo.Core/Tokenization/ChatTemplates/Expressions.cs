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

internal sealed record TupleExpression(IReadOnlyList<Expression> Items, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        context.Budget.List(Items.Count);
        return new TemplateTuple(Items.Select(i => i.Evaluate(context)));
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
            map[key.Evaluate(context) as string ?? throw context.Error(key.Position, "the key of a mapping is not a string")] =
                value.Evaluate(context);
        }

        return map;
    }
}

internal sealed record NameExpression(string Name, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context) => context.TryGet(Name, out var value) ? value : new Undefined(Name);
}

/// <summary><c>target.name</c>, which a method of the value goes before, or <c>target[key]</c>, which goes before a method.</summary>
internal sealed record MemberExpression(Expression Target, Expression Key, bool IsAttribute, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        var target = Target.Evaluate(context);
        return Of(target, Key.Evaluate(context), context);
    }

    /// <summary>The member of a value.</summary>
    public object? Of(object? target, object? key, RenderContext context) => Of(target, key, IsAttribute, context, Position);

    /// <inheritdoc cref="Of(object?, object?, RenderContext)"/>
    public static object? Of(object? target, object? key, bool isAttribute, RenderContext context, int position)
    {
        if (target is Undefined undefined)
        {
            throw context.Error(position, $"'{undefined.Name}' is not defined and has no member '{ValueText.Of(key, context.Budget)}'");
        }

        string? name = key as string;
        if (isAttribute && name is not null && Methods.Find(target, name, context, position) is { } method)
        {
            return method;
        }

        switch (target, TemplateValue.Plain(key))
        {
            case (OrderedDictionary<string, object?> map, string) when context.Comparer.TryGet(map, name!, out var value):
                return value;
            case (TemplateNamespace space, string) when space.Members.TryGetValue(name!, out var member):
                return member;
            case (List<object?> list and not TemplateView { Written: null }, long index) when At(list.Count, index) is int place:
                return list[place];
            case (string text, long index) when At(TemplateValue.Count(text, context.Budget)!.Value, index) is int at:
                return CodePoints.At(text, at);
        }

        return (!isAttribute && name is not null ? Methods.Find(target, name, context, position) : null)
            ?? (object)Missing(name ?? $"[{ValueText.Of(key, context.Budget)}]");
    }

    private static Undefined Missing(string name) => new(name);

    private static int? At(int count, long index)
    {
        long place = index < 0 ? index + count : index;
        return place >= 0 && place < count ? (int)place : null;
    }
}

/// <summary><c>target[start:stop:step]</c> of a list or a string, by Python's rules.</summary>
internal sealed record SliceExpression(
    Expression Target, Expression? Start, Expression? Stop, Expression? Step, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        var target = Target.Evaluate(context);
        if (target is not (string or List<object?>) || target is TemplateView)
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

        return items is TemplateTuple ? new TemplateTuple(taken) : taken;

        long Bound(long? given, long otherwise) =>
            given is { } bound ? Math.Clamp(bound < 0 ? bound + count : bound, low, high) : otherwise;
    }

    private static long? Whole(Expression? expression, RenderContext context) => expression?.Evaluate(context) switch
    {
        null => null,
        long number and > int.MinValue and < int.MaxValue => number,
        var other =>
            throw context.Error(expression.Position, $"the bound of a slice is {TemplateValue.KindOf(other)}; a whole number was expected"),
    };
}

/// <summary>
/// The arguments of a call as they are written: values, values with names, and those that <c>*list</c> and <c>**mapping</c> stand for.
/// </summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named, Expression? List = null,
    Expression? Mapping = null)
{
    public static ArgumentList Empty { get; } = new([], []);

    public CallArguments Evaluate(string what, RenderContext context, int position)
    {
        List<object?> positional = [.. Positional.Select(a => a.Evaluate(context))];
        var named = Named.ToDictionary(a => a.Name, a => a.Value.Evaluate(context), StringComparer.Ordinal);
        if (List is not null)
        {
            var list = List.Evaluate(context);
            var items = TemplateValue.Elements(list, context.Budget)
                ?? throw context.Error(List.Position, $"'*' stands before {TemplateValue.KindOf(list)}; a list was expected");
            context.Budget.List(items.Count);
            positional.AddRange(items);
        }

        if (Mapping is not null)
        {
            var mapping = Mapping.Evaluate(context);
            var map = mapping as OrderedDictionary<string, object?>
                ?? throw context.Error(Mapping.Position, $"'**' stands before {TemplateValue.KindOf(mapping)}; a mapping was expected");
            context.Budget.Map(map.Count);
            foreach (var (name, value) in map)
            {
                named[name] = named.ContainsKey(name)
                    ? throw context.Error(Mapping.Position, $"the argument '{name}' is given twice")
                    : value;
            }
        }

        return new CallArguments(what, positional, named, context, position);
    }
}

/// <summary><c>function(arguments)</c> or <c>value.method(arguments)</c>.</summary>
internal sealed record CallExpression(Expression Target, ArgumentList Arguments, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context) =>
        Callee(context).Call(Arguments.Evaluate(Name, context, Position));

    /// <summary>The value with one more argument.</summary>
    public object? EvaluateWith(string name, object? value, RenderContext context)
    {
        var callee = Callee(context);
        var arguments = Arguments.Evaluate(Name, context, Position);
        return callee.Call(arguments with { Named = new Dictionary<string, object?>(arguments.Named) { [name] = value } });
    }

    private TemplateFunction Callee(RenderContext context)
    {
        object? callee;
        if (Target is MemberExpression { Key: LiteralExpression { Value: string name } } member)
        {
            var self = member.Target.Evaluate(context);
            callee = member.Of(self, name, context);
            if (callee is Undefined && self is not (TemplateNamespace or null))
            {
                throw context.Error(
                    Position, $"the method '{name}' of {TemplateValue.KindOf(self)} is not supported; {Methods.Known(self)}");
            }
        }
        else
        {
            callee = Target.Evaluate(context);
        }

        return callee as TemplateFunction
            ?? throw context.Error(Position, $"{Name} is not a function; {Functions.Known} or a macro was expected");
    }

    private string Name => Target switch
    {
        NameExpression name => $"{name.Name}()",
        MemberExpression { Key: LiteralExpression { Value: string key } } => $"{key}()",
        _ => "the value",
    };
}

/// <summary>A filter with its arguments.</summary>
internal sealed record AppliedFilter(string Name, TemplateFilter Filter, ArgumentList Arguments, int Position)
{
    public object? Apply(object? value, RenderContext context)
    {
        context.Hold(value);
        return Filter(value, Arguments.Evaluate($"the filter {Name}", context, Position));
    }

    /// <summary>What is left of a value behind filters.</summary>
    public static object? ApplyAll(IEnumerable<AppliedFilter> filters, object? value, RenderContext context)
    {
        foreach (var filter in filters)
        {
            value = filter.Apply(value, context);
        }

        return value;
    }
}

internal sealed record FilterExpression(Expression Input, AppliedFilter Filter, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context) => Filter.Apply(Input.Evaluate(context), context);
}

internal sealed record TestExpression(
    Expression Input, string Name, TemplateTest Test, bool Negated, ArgumentList Arguments, int Position) : Expression(Position)
{
    protected override object? Compute(RenderContext context)
    {
        return Test(Input.Evaluate(context), Arguments.Evaluate($"the test {Name}", context, Position)) != Negated;
    }
}
