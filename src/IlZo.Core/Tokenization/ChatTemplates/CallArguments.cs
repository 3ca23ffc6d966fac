namespace IlZo.Tokenization.ChatTemplates;

/// <summary>The arguments of a call, a filter or a test.</summary>
/// <param name="What">What messages call it.</param>
/// <param name="Positional">Those without names.</param>
/// <param name="Named">Those with names.</param>
/// <param name="Context">The rendering.</param>
/// <param name="Position">Where it stands.</param>
internal sealed record CallArguments(
    string What, IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named, RenderContext Context, int Position)
{
    public RenderBudget Budget => Context.Budget;

    public InvalidInputException Error(string problem) => Context.Error(Position, $"{What}: {problem}");

    /// <summary>Refuses arguments beyond those that are known.</summary>
    public CallArguments Allow(params ReadOnlySpan<string> names)
    {
        if (Positional.Count > names.Length)
        {
            throw Error($"{Positional.Count} arguments are given; at most {names.Length} were expected");
        }

        Context.Budget.Work((long)Named.Count * names.Length);
        foreach (string name in Named.Keys)
        {
            if (!names.Contains(name))
            {
                throw Error($"the argument '{name}' is not supported");
            }
        }

        return this;
    }

    /// <summary>The same without the first ones by place.</summary>
    public CallArguments Behind(int count)
    {
        Budget.List(Positional.Count);
        return this with { Positional = [.. Positional.Skip(count)] };
    }

    /// <summary>An argument by place or name, or null (with false) where it is not given.</summary>
    public bool TryGet(int index, string name, out object? value)
    {
        value = index < Positional.Count ? Positional[index] : null;
        return index < Positional.Count || Named.TryGetValue(name, out value);
    }

    public object? Get(int index, string name) =>
        TryGet(index, name, out var value) ? value : throw Error($"the argument '{name}' is missing");

    public string Text(int index, string name) => Get(index, name) as string
        ?? throw Error($"the argument '{name}' is {TemplateValue.KindOf(Get(index, name))}; a string was expected");

    public int? Integer(int index, string name) => !TryGet(index, name, out var value) || value is null ? null
        : value is long number and >= int.MinValue and <= int.MaxValue ? (int)number
        : value is long ? throw Error($"the argument '{name}' is {value}; a whole number of 32 bits was expected")
        : throw Error($"the argument '{name}' is {TemplateValue.KindOf(value)}; a whole number was expected");
}
