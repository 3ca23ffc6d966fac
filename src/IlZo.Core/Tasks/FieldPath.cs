using System.Text.Json;

namespace IlZo.Tasks;

/// <summary>
/// Where a value stands in a row: names joined by periods; <c>[]</c> after a name means "the element of this list that the
/// example is made from".
/// </summary>
internal sealed class FieldPath
{
    private readonly string[][] _lists;
    private readonly string[] _names;

    private FieldPath(string text, string[][] lists, string[] names)
    {
        Text = text;
        _lists = lists;
        _names = names;
    }

    /// <summary>The path as it was written.</summary>
    public string Text { get; }

    /// <summary>How many lists are entered before the value is reached.</summary>
    public int Depth => _lists.Length;

    /// <summary>Whether the path names list elements and nothing below them, as a path to expand must.</summary>
    public bool IsList => Depth > 0 && _names.Length == 0;

    /// <returns>Null where the text is no path.</returns>
    public static FieldPath? TryParse(string text)
    {
        var lists = new List<string[]>();
        var names = new List<string>();
        foreach (string part in text.Split('.'))
        {
            bool isList = part.EndsWith("[]", StringComparison.Ordinal);
            string name = isList ? part[..^2] : part;
            if (name.Length == 0 || name.Trim() != name || name.AsSpan().ContainsAny("{}[]|"))
            {
                return null;
            }

            names.Add(name);
            if (isList)
            {
                lists.Add([.. names]);
                names.Clear();
            }
        }

        return new FieldPath(text, [.. lists], [.. names]);
    }

    /// <summary>Whether every list this path enters is entered by <paramref name="each"/> too, in the same order.</summary>
    public bool LiesWithin(FieldPath? each) => EntersAsFar(each, Depth);

    /// <summary>Whether this is so for all lists but the last one, whose values can be collected.</summary>
    public bool Collects(FieldPath? each) => Depth > 0 && EntersAsFar(each, Depth - 1) && !LiesWithin(each);

    /// <summary>Finds the value in scopes: the row, then for every list entered so far the element chosen.</summary>
    public bool TryGet(ReadOnlySpan<JsonElement> scopes, out JsonElement value)
    {
        if (Depth >= scopes.Length)
        {
            value = default;
            return false;
        }

        return Descend(scopes[Depth], _names, out value);
    }

    /// <summary>The values of all elements of the list that the path enters last; elements without the value are passed over.</summary>
    public IReadOnlyList<JsonElement> Collect(ReadOnlySpan<JsonElement> scopes)
    {
        if (Depth > scopes.Length || !TryGetList(scopes, Depth - 1, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        var values = new List<JsonElement>();
        foreach (var element in list.EnumerateArray())
        {
            if (Descend(element, _names, out var value))
            {
                values.Add(value);
            }
        }

        return values;
    }

    /// <summary>Finds the path's list of a level, given the elements chosen in the lists before it.</summary>
    public bool TryGetList(ReadOnlySpan<JsonElement> scopes, int level, out JsonElement list)
    {
        return Descend(scopes[level], _lists[level], out list);
    }

    private bool EntersAsFar(FieldPath? each, int depth)
    {
        return depth <= (each?.Depth ?? 0)
            && Enumerable.Range(0, depth).All(level => _lists[level].SequenceEqual(each!._lists[level], StringComparer.Ordinal));
    }

    private static bool Descend(JsonElement from, string[] names, out JsonElement value)
    {
        value = from;
        foreach (string name in names)
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value))
            {
                return false;
            }
        }

        return true;
    }
}
