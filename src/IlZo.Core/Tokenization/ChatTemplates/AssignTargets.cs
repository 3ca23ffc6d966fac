namespace IlZo.Tokenization.ChatTemplates;

/// <summary>What a value is given to.</summary>
internal abstract record AssignTarget(int Position)
{
    /// <summary>How many names it has, however deep.</summary>
    public virtual int Count => 1;

    /// <summary>Gives it a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="scope">Where names are set.</param>
    /// <param name="context">The rendering.</param>
    public abstract void Assign(object? value, Scope scope, RenderContext context);
}

internal sealed record NameTarget(string Name, int Position) : AssignTarget(Position)
{
    public override void Assign(object? value, Scope scope, RenderContext context) => scope.Set(Name, value);
}

/// <summary>A member of a namespace.</summary>
internal sealed record MemberTarget(string Name, string Member, int Position) : AssignTarget(Position)
{
    public override void Assign(object? value, Scope scope, RenderContext context)
    {
        if (!context.TryGet(Name, out var target) || target is not TemplateNamespace space)
        {
            throw context.Error(
                Position, $"'{Name}.{Member}' is set and '{Name}' is not a namespace; only members of namespaces can be set");
        }

        space.Members[Member] = value;
    }
}

/// <summary>Several targets, among which the elements of a value are divided.</summary>
internal sealed record TupleTarget(IReadOnlyList<AssignTarget> Targets, int Position) : AssignTarget(Position)
{
    public override int Count => Targets.Sum(t => t.Count);

    public override void Assign(object? value, Scope scope, RenderContext context)
    {
        var parts = TemplateValue.Elements(value, context.Budget);
        if (parts is null || parts.Count != Targets.Count)
        {
            string found = parts is null ? TemplateValue.KindOf(value) : $"{TemplateValue.KindOf(value)} of {parts.Count}";
            throw context.Error(Position, $"{found} is divided among names; {Targets.Count} values were expected");
        }

        foreach (var (target, part) in Targets.Zip(parts))
        {
            target.Assign(part, scope, context);
        }
    }
}
