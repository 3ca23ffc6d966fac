namespace IlZo.Tokenization.ChatTemplates;

/// <summary>How a statement ends.</summary>
internal enum Flow
{
    Normal,

    /// <summary>The rest of the loop's body is left out.</summary>
    Continue,

    /// <summary>The loop ends.</summary>
    Break,
}

/// <summary>A part of a template that writes or changes names.</summary>
internal abstract record Statement(int Position)
{
    public abstract Flow Run(RenderContext context);

    public static Flow RunAll(IReadOnlyList<Statement> body, RenderContext context)
    {
        foreach (var statement in body)
        {
            context.Budget.Step(statement.Position);
            int held = context.Held;
            var flow = statement.Run(context);
            context.Release(held);
            if (flow != Flow.Normal)
            {
                return flow;
            }
        }

        return Flow.Normal;
    }
}

internal sealed record TextStatement(string Text, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        context.Output.Append(Text);
        return Flow.Normal;
    }
}

/// <summary><c>{{ value }}</c>. A name that nothing defines is refused, where Jinja would write nothing.</summary>
internal sealed record OutputStatement(Expression Value, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        var value = Value.Evaluate(context);
        if (value is Undefined { Name: var name } && Value is NameExpression)
        {
            throw context.Error(
                Position, $"the name '{name}' is not defined; {ChatTemplate.KnownNames}, {Functions.Known} or one that the template sets were expected");
        }

        ValueText.Write(context.Output, value);
        return Flow.Normal;
    }
}

internal sealed record IfStatement(IReadOnlyList<(Expression? Condition, IReadOnlyList<Statement> Body)> Branches, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        foreach (var (condition, body) in Branches)
        {
            if (condition is null || TemplateValue.IsTrue(condition.Evaluate(context)))
            {
                return RunAll(body, context);
            }
        }

        return Flow.Normal;
    }
}

/// <summary><c>{% for targets in items if filter %}</c>; names set in it end with the round.</summary>
internal sealed record ForStatement(
    IReadOnlyList<string> Targets,
    Expression Items,
    Expression? Filter,
    IReadOnlyList<Statement> Body,
    IReadOnlyList<Statement> Otherwise,
    int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        var value = Items.Evaluate(context);
        var items = TemplateValue.Elements(value, context.Budget)
            ?? throw context.Error(Items.Position, $"the loop runs over {TemplateValue.KindOf(value)}; a list, a mapping or a string was expected");
        if (Filter is not null)
        {
            context.Budget.List(items.Count);
            items = [.. items.Where(item => Accepts(context, item))];
        }

        context.Hold(items);

        if (items.Count == 0)
        {
            return RunAll(Otherwise, context);
        }

        for (int i = 0; i < items.Count; i++)
        {
            context.Budget.Step(Position);
            context.Budget.Map(LoopMembers + Targets.Count);
            var flow = Flow.Normal;
            var scope = Assign(new Scope(context.Scope), items[i], context);
            scope.Set("loop", Loop(items, i));
            context.Within(scope, () => flow = RunAll(Body, context));
            if (flow == Flow.Break)
            {
                break;
            }
        }

        return Flow.Normal;
    }

    // The members of "loop" with their values, and the scope of the round.
    private const int LoopMembers = 20;

    private static OrderedDictionary<string, object?> Loop(IReadOnlyList<object?> items, int index) => new()
    {
        ["index"] = index + 1L,
        ["index0"] = (long)index,
        ["revindex"] = (long)items.Count - index,
        ["revindex0"] = items.Count - index - 1L,
        ["first"] = index == 0,
        ["last"] = index == items.Count - 1,
        ["length"] = (long)items.Count,
        ["previtem"] = index > 0 ? items[index - 1] : new Undefined("previtem"),
        ["nextitem"] = index + 1 < items.Count ? items[index + 1] : new Undefined("nextitem"),
    };

    private bool Accepts(RenderContext context, object? item)
    {
        bool accepted = false;
        context.Within(Assign(new Scope(context.Scope), item, context), () => accepted = TemplateValue.IsTrue(Filter!.Evaluate(context)));
        return accepted;
    }

    private Scope Assign(Scope scope, object? item, RenderContext context)
    {
        if (Targets.Count == 1)
        {
            scope.Set(Targets[0], item);
            return scope;
        }

        if (item is not List<object?> parts || parts.Count != Targets.Count)
        {
            throw context.Error(Position, $"an element of the loop is {TemplateValue.KindOf(item)}; a list of {Targets.Count} was expected");
        }

        foreach (var (name, part) in Targets.Zip(parts))
        {
            scope.Set(name, part);
        }

        return scope;
    }
}

/// <summary><c>{% set name = value %}</c>, <c>{% set space.name = value %}</c> or, without a value, <c>{% set name %}text{% endset %}</c>.</summary>
internal sealed record SetStatement(string Name, string? Member, Expression? Value, IReadOnlyList<Statement> Body, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        var value = Value is { } expression
            ? expression.Evaluate(context)
            : context.Capture(Position, new Scope(context.Scope), () => RunAll(Body, context));
        if (Member is null)
        {
            context.Scope.Set(Name, value);
        }
        else if (context.TryGet(Name, out var target) && target is TemplateNamespace space)
        {
            space.Members[Member] = value;
        }
        else
        {
            throw context.Error(Position, $"'{Name}.{Member}' is set and '{Name}' is no namespace; only members of namespaces can be set");
        }

        return Flow.Normal;
    }
}

/// <summary><c>{% macro name(parameters) %}</c>: a function whose value is the text of its body.</summary>
internal sealed record MacroStatement(
    string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, IReadOnlyList<Statement> Body, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        string[] names = [.. Parameters.Select(p => p.Name)];
        TemplateFunction function = arguments =>
        {
            arguments.Allow(names);
            context.Budget.Map(names.Length);
            var scope = new Scope(context.Globals);
            for (int i = 0; i < names.Length; i++)
            {
                var (name, otherwise) = Parameters[i];
                scope.Set(name, arguments.TryGet(i, name, out var value) ? value : otherwise is null ? new Undefined(name) : otherwise.Evaluate(context));
            }

            return context.Capture(arguments.Position, scope, () => RunAll(Body, context));
        };
        context.Scope.Set(Name, function);
        return Flow.Normal;
    }
}

/// <summary><c>{% break %}</c> or <c>{% continue %}</c>.</summary>
internal sealed record JumpStatement(Flow Target, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context) => Target;
}

/// <summary><c>{% generation %}</c>: marks what the assistant writes (transformers' <c>return_assistant_tokens_mask</c>).</summary>
internal sealed record GenerationStatement(IReadOnlyList<Statement> Body, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        int start = context.Output.Length;
        var flow = RunAll(Body, context);
        if (context.WritesOutput)
        {
            context.Generated.Add((start, context.Output.Length));
        }

        return flow;
    }
}
