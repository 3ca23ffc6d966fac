namespace IlZo.Tokenization.ChatTemplates;

/// <summary>The methods of Python's strings that cut them.</summary>
internal static class Splitting
{
    private const int PieceBytes = 32;

    /// <summary><c>split</c> and <c>rsplit</c>: at a separator, or without one at runs of white space.</summary>
    public static List<object?> Split(string text, CallArguments arguments, bool fromEnd)
    {
        int most = arguments.Allow("sep", "maxsplit").Integer(1, "maxsplit") is int given and >= 0 ? given : int.MaxValue;
        arguments.Budget.Text(text.Length);
        if (arguments.TryGet(0, "sep", out var sep) && sep is not null)
        {
            string separator = arguments.Text(0, "sep");
            if (separator.Length == 0)
            {
                throw arguments.Error("the separator is empty");
            }

            arguments.Budget.Search(text, separator);
            arguments.Budget.List(Math.Min(most, text.AsSpan().Count(separator)) + 1L, PieceBytes);
            return fromEnd ? FromEnd(text, separator, most) : [.. text.Split(separator, most == int.MaxValue ? most : most + 1)];
        }

        arguments.Budget.Work(text.Length);
        arguments.Budget.List(Math.Min(most, Runs(text)) + 1L, PieceBytes);
        return [.. PythonText.Words(text, most, fromEnd)];
    }

    /// <summary><c>splitlines</c>.</summary>
    public static List<object?> Lines(string text, CallArguments arguments)
    {
        bool keepEnds = arguments.Allow("keepends").TryGet(0, "keepends", out var flag) && TemplateValue.IsTrue(flag);
        arguments.Budget.Text(text.Length);
        arguments.Budget.Work(text.Length);
        arguments.Budget.List(PythonText.Lines(text).LongCount(), PieceBytes);
        return [.. PythonText.Lines(text, keepEnds)];
    }

    /// <summary>
    /// <c>partition</c> and <c>rpartition</c>: what is before the first or last separator, the separator, and what is behind.
    /// </summary>
    public static TemplateTuple Partition(string text, CallArguments arguments, bool last)
    {
        string separator = arguments.Allow("sep").Text(0, "sep");
        if (separator.Length == 0)
        {
            throw arguments.Error("the separator is empty");
        }

        arguments.Budget.Search(text, separator);
        arguments.Budget.Text(text.Length);
        int at = last ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        return new TemplateTuple(at >= 0 ? [text[..at], separator, text[(at + separator.Length)..]]
            : last ? [string.Empty, string.Empty, text]
            : [text, string.Empty, string.Empty]);
    }

    private static List<object?> FromEnd(string text, string separator, int most)
    {
        var pieces = new List<object?>();
        int end = text.Length;
        for (int at; pieces.Count < most && (at = text.AsSpan(0, end).LastIndexOf(separator)) >= 0; end = at)
        {
            pieces.Add(text[(at + separator.Length)..end]);
        }

        pieces.Add(text[..end]);
        pieces.Reverse();
        return pieces;
    }

    // How many runs of white space there are.
    private static int Runs(string text)
    {
        int runs = 0;
        for (int i = 0; i < text.Length; i++)
        {
            runs += PythonText.IsSpace(text[i]) && (i == 0 || !PythonText.IsSpace(text[i - 1])) ? 1 : 0;
        }

        return runs;
    }
}
