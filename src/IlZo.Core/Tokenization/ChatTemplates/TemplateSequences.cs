namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Python's tuple: written with parentheses, and equal to tuples alone.</summary>
internal sealed class TemplateTuple : List<object?>
{
    public TemplateTuple(IEnumerable<object?> items)
        : base(items)
    {
    }
}

/// <summary>
/// What <c>range()</c> and a mapping's <c>keys()</c>, <c>values()</c> and <c>items()</c> give: elements that are no list.
/// </summary>
/// <param name="items">The elements.</param>
/// <param name="name">Python's name of the type.</param>
/// <param name="written">What is written for the whole, or null for the name around the elements, which then have no places.</param>
internal sealed class TemplateView(IEnumerable<object?> items, string name, string? written = null) : List<object?>(items)
{
    public string Name => name;

    public string? Written => written;
}

/// <summary>What <c>map</c>, <c>select</c> and other filters give: elements that can be taken once, true even without any.</summary>
/// <param name="items">The elements.</param>
internal sealed class TemplateIterator(IReadOnlyList<object?> items)
{
    private IReadOnlyList<object?> _rest = items;

    /// <summary>The elements that nobody has taken.</summary>
    public IReadOnlyList<object?> Rest => _rest;

    /// <summary>Takes the elements up to one, or all.</summary>
    public IReadOnlyList<object?> Take(int count = int.MaxValue)
    {
        var taken = _rest;
        _rest = count < taken.Count ? [.. taken.Skip(count)] : [];
        return taken;
    }
}
