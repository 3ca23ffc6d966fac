namespace IlZo.Adapters;

/// <summary>The kinds of adapters.</summary>
internal static class AdapterCatalog
{
    /// <summary>All of them, in the order they are listed to users.</summary>
    public static IReadOnlyList<AdapterKind> Kinds { get; } = [new LoraKind(), new PrefixKind(), new ScalesKind()];

    /// <summary>The names of the options of all kinds.</summary>
    public static IReadOnlyList<string> OptionNames { get; } = [.. Kinds.SelectMany(k => k.Options).Select(o => o.Name).Distinct()];

    /// <summary>The kind of this name; null where there is none, and the name is that of a folder.</summary>
    public static AdapterKind? Find(string? name) => Kinds.FirstOrDefault(k => k.Name == name);

    /// <summary>The kind of a new adapter, or of one in a folder; where there is no such folder, the first.</summary>
    /// <exception cref="InvalidInputException">The folder holds no adapter of a known kind.</exception>
    public static AdapterKind KindOf(string adapter)
    {
        if (Find(adapter) is { } kind)
        {
            return kind;
        }

        if (!Directory.Exists(adapter))
        {
            return Kinds[0];
        }

        using var saved = PeftFolder.Open(adapter);
        return saved.Kind;
    }
}
