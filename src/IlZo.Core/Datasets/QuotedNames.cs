namespace IlZo.Datasets;

/// <summary>Names in messages.</summary>
internal static class QuotedNames
{
    // Enough to see what a file is; a row may have a million.
    private const int Most = 20;

    /// <summary>Names in quotes with commas between them, the first twenty.</summary>
    public static string List(IReadOnlyCollection<string> names)
    {
        string first = string.Join(", ", names.Take(Most).Select(n => $"\"{n}\""));
        return names.Count > Most ? $"{first} and {names.Count - Most} more" : first;
    }
}
