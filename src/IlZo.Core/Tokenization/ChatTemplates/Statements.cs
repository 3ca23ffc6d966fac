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

/// <summary><c>{{ value }}</c>.</summary>
internal sealed record OutputStatement(Expression Value, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        ValueText.Write(context.Output, Value.Evaluate(context));
        return Flow.Normal;
    }
}

internal sealed record IfStatement(
    IReadOnlyList<(Expression? Condition, IReadOnlyList<Statement> Body)> Branches, int Position) : Statement(Position)
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
        var flow = Flow.Normal;
        context.Within(new Scope(context.Scope), () => flow = RunAll(Body, context));
        if (context.WritesOutput)
        {
            context.Generated.Add((start, context.Output.Length));
        }

        return flow;
    }
}

/// <summary><c>{% with name = value %}</c>: names that end with the block.</summary>
internal sealed record WithStatement(
    IReadOnlyList<(AssignTarget Target, Expression Value)> Names, IReadOnlyList<Statement> Body, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        var values = Names.Select(n => n.Value.Evaluate(context)).ToList();
        var scope = new Scope(context.Scope);
        foreach (var ((target, _), value) in Names.Zip(values))
        {
            target.Assign(value, scope, context);
        }

        var flow = Flow.Normal;
        context.Within(scope, () => flow = RunAll(Body, context));
        return flow;
    }
}

/// <summary><c>{% filter name %}</c>: the text of the body behind filters.</summary>
internal sealed record FilterStatement(
    IReadOnlyList<AppliedFilter> Filters, IReadOnlyList<Statement> Body, int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        string text = context.Capture(Position, new Scope(context.Scope), () => RunAll(Body, context));
        ValueText.Write(context.Output, AppliedFilter.ApplyAll(Filters, text, context));
        return Flow.Normal;
    }
}

/// <summary><c>{% set targets = value %}</c> or, without a value, <c>{% set name | filters %}text{% endset %}</c>.</summary>
internal sealed record SetStatement(
    AssignTarget Target,
    Expression? Value,
    IReadOnlyList<AppliedFilter> Filters,
    IReadOnlyList<Statement> Body,
    int Position) : Statement(Position)
{
    public override Flow Run(RenderContext context)
    {
        var value = Value is { } expression
            ? expression.Evaluate(context)
            : AppliedFilter.ApplyAll(Filters, context.Capture(Position, new Scope(context.Scope), () => RunAll(Body, context)), context);
        Target.Assign(value, context.Scope, context);
        return Flow.Normal;
    }
}
