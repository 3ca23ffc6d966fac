using System.Text;
using System.Text.Json;

namespace IlZo.Tasks;

/// <summary>Where a row's texts come from: one of the places that are tried in turn.</summary>
/// <param name="Path">The path of a value, or of a list's elements; null where <paramref name="Template"/> makes the text.</param>
/// <param name="Collects">Whether the path names all elements of a list.</param>
/// <param name="Template">Makes a single text.</param>
internal sealed record TextSource(FieldPath? Path, bool Collects, TextTemplate? Template);

/// <summary>The texts that a row lists, such as its gold answers or the entities to choose among.</summary>
/// <param name="sources">Places that are tried in turn; the first one that gives a text counts.</param>
/// <param name="expectation">What to tell the user to provide.</param>
/// <param name="spansOf">The text that elements <c>{"start": …, "end": …}</c> are parts of, or null where there are none.</param>
internal sealed class TextList(IReadOnlyList<TextSource> sources, string expectation, TaskField? spansOf = null)
{
    /// <summary>What to tell the user to provide.</summary>
    public string Expectation { get; } = expectation;

    /// <summary>The texts, in the order of the row; parts of a text sorted by code unit and each once. At least one.</summary>
    /// <exception cref="InvalidInputException">The row has none, or something else in their place.</exception>
    public IReadOnlyList<string> Read(in TaskRow row)
    {
        foreach (var source in sources)
        {
            var texts = Read(source, row);
            if (texts.Count > 0)
            {
                return texts;
            }
        }

        throw row.Error($"has no text in {Expectation}; expected at least one");
    }

    private List<string> Read(TextSource source, in TaskRow row)
    {
        var texts = new List<string>();
        bool spans = false;
        if (source.Template is { } template)
        {
            if (template.Suits(row))
            {
                texts.Add(template.Render(row).Trim());
            }
        }
        else
        {
            foreach (var value in source.Collects ? row.Collect(source.Path!) : row.Find(source.Path!) is { } one ? [one] : [])
            {
                bool isSpan = spansOf != null && value.ValueKind == JsonValueKind.Object;
                texts.Add(isSpan ? Span(value, row) : row.Text(value, $"\"{source.Path!.Text}\""));
                spans |= isSpan;
            }
        }

        texts.RemoveAll(string.IsNullOrWhiteSpace);
        return spans ? [.. texts.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)] : texts;
    }

    // Offsets count code points and include the last one, as in SuperGLUE's files.
    private string Span(JsonElement span, in TaskRow row)
    {
        string text = row.Text(spansOf!);
        if (!TryOffset(span, "start", out int start) || !TryOffset(span, "end", out int end) || end < start)
        {
            throw row.Error($"{Expectation} holds {span.GetRawText()}; expected texts or objects with start and end");
        }

        var part = new StringBuilder();
        int at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (at >= start && at <= end)
            {
                part.Append(rune);
            }

            at++;
        }

        return end < at ? part.ToString() : throw row.Error(
            $"{Expectation} holds {span.GetRawText()}, beyond the {at} characters of {spansOf!.Expectation}; expected a part of it");
    }

    private static bool TryOffset(JsonElement span, string name, out int offset)
    {
        offset = -1;
        return span.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out offset)
            && offset >= 0;
    }
}
