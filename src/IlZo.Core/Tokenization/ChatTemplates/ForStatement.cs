namespace IlZo.Tokenization.ChatTemplates;

/// <summary><c>{% for targets in items if filter %}</c>; names set in it end with the round.</summary>
internal sealed record ForStatement(
    AssignTarget Target,
    Expression Items,
    Expression? Filter,
    IReadOnlyList<Statement> Body,
    IReadOnlyList<Statement> Otherwise,
    int Position) : Statement(Position)
{
    // The members of "loop" with their values, and the scope of the round.
    private const int LoopMembers = 24;

    public override Flow Run(RenderContext context)
    {
        var value = Items.Evaluate(context);
        var items = TemplateValue.Elements(value, context.Budget)
            ?? throw context.Error(
                Items.Position, $"the loop runs over {TemplateValue.KindOf(value)}; a list, a mapping or a string was expected");
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

        var changes = new LoopChanges();
        for (int i = 0; i < items.Count; i++)
        {
            context.Budget.Step(Position);
            context.Budget.Map(LoopMembers + Target.Count);
            var flow = Flow.Normal;
            var scope = Assign(items[i], context);
            scope.Set("loop", Loop(items, i, changes));
            context.Within(scope, () => flow = RunAll(Body, context));
            if (flow == Flow.Break)
            {
                break;
            }
        }

        return Flow.Normal;
    }

    private static TemplateNamespace Loop(IReadOnlyList<object?> items, int index, LoopChanges changes) => new()
    {
        Members =
        {
            ["index"] = index + 1L,
            ["index0"] = (long)index,
            ["revindex"] = (long)items.Count - index,
            ["revindex0"] = items.Count - index - 1L,
            ["first"] = index == 0,
            ["last"] = index == items.Count - 1,
            ["length"] = (long)items.Count,
            ["depth"] = 1L,
            ["depth0"] = 0L,
            ["previtem"] = index > 0 ? items[index - 1] : new Undefined("previtem"),
            ["nextitem"] = index + 1 < items.Count ? items[index + 1] : new Undefined("nextitem"),
            ["cycle"] = new TemplateFunction(a => a.Positional.Count > 0
                ? a.Positional[index % a.Positional.Count]
                : throw a.Error("no values are given; at least one was expected")),
            ["changed"] = new TemplateFunction(changes.Differ, changes),
        },
    };

    private bool Accepts(RenderContext context, object? item)
    {
        bool accepted = false;
        context.Within(Assign(item, context), () => accepted = TemplateValue.IsTrue(Filter!.Evaluate(context)));
        return accepted;
    }

    private Scope Assign(object? item, RenderContext context)
    {
        var scope = new Scope(context.Scope);
        Target.Assign(item, scope, context);
        return scope;
    }
}

/// <summary>What <c>loop.changed(values)</c> was last given.</summary>
internal sealed class LoopChanges
{
    /// <summary>The last values, or null before the first.</summary>
    public List<object?>? Last { get; private set; }

    public object? Differ(CallArguments arguments)
    {
        var values = Filters.Copy(arguments.Positional, arguments);
        bool differ = Last is null || !arguments.Context.Comparer.Equals(Last, values);
        Last = values;
        return differ;
    }
}
