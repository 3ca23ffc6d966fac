using System.Text;

namespace IlZo.Tasks;

/// <summary>Text with fields in braces, <c>{name|filter|filter}</c>; <c>{{</c> and <c>}}</c> stand for one brace each.</summary>
internal sealed class TextTemplate
{
    /// <summary>The name under which the answer's template finds the candidate's text.</summary>
    public const string CandidateName = "candidate";

    private readonly IReadOnlyList<Part> _parts;

    private TextTemplate(IReadOnlyList<Part> parts) => _parts = parts;

    /// <summary>The text where no field is used, else null.</summary>
    public string? Literal => _parts.All(p => p.Text != null) ? string.Concat(_parts.Select(p => p.Text)) : null;

    /// <summary>Whether <c>{candidate}</c> stands in it, itself or in place of a part of a field.</summary>
    public bool UsesCandidate => _parts.Any(p => p.Text == null && (p.Field == null || p.Field.UsesCandidate));

    /// <param name="text">The template.</param>
    /// <param name="place">File and place for messages.</param>
    /// <param name="field">Finds a field by the name used; throws where the name cannot be one.</param>
    /// <exception cref="InvalidInputException">Unbalanced braces, an empty name, an unknown filter.</exception>
    public static TextTemplate Parse(string text, string place, Func<string, TaskField> field)
    {
        var parts = new List<Part>();
        var literal = new StringBuilder();
        int i = 0;
        while (i < text.Length)
        {
            char c = text[i];
            if (c is not ('{' or '}'))
            {
                literal.Append(c);
                i++;
            }
            else if (i + 1 < text.Length && text[i + 1] == c)
            {
                literal.Append(c);
                i += 2;
            }
            else
            {
                int close = c == '{' ? text.AsSpan(i + 1).IndexOfAny('{', '}') : -1;
                if (close < 0 || text[i + 1 + close] != '}')
                {
                    throw new InvalidInputException(
                        $"{place}, character {i + 1}: unbalanced '{c}'; expected {{field}} or, for the brace itself, '{c}{c}'.");
                }

                Flush(literal, parts);
                parts.Add(ParseField(text.Substring(i + 1, close), place, field));
                i += close + 2;
            }
        }

        Flush(literal, parts);
        return new TextTemplate(parts);
    }

    /// <summary>Fills the template in.</summary>
    /// <exception cref="InvalidInputException">The row lacks a field or holds something that is no text.</exception>
    public string Render(in TaskRow row, string candidate = "")
    {
        var result = new StringBuilder();
        foreach (var part in _parts)
        {
            result.Append(part.Text ?? part.Apply(part.Field == null ? candidate : part.Field.Render(row, candidate)));
        }

        return result.ToString();
    }

    /// <summary>Whether a row has all the fields.</summary>
    public bool Suits(in TaskRow row)
    {
        foreach (var part in _parts)
        {
            if (part.Field != null && !row.Has(part.Field))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Refuses a row that <see cref="Render"/> would refuse, without making the text.</summary>
    public void Check(in TaskRow row)
    {
        foreach (var part in _parts)
        {
            if (part.Field != null)
            {
                row.Text(part.Field);
            }
        }
    }

    private static void Flush(StringBuilder literal, List<Part> parts)
    {
        if (literal.Length > 0)
        {
            parts.Add(new Part(literal.ToString(), null, []));
            literal.Clear();
        }
    }

    private static Part ParseField(string text, string place, Func<string, TaskField> field)
    {
        string[] words = text.Split('|');
        var filters = words.Skip(1).Select(name => TextFilters.All.GetValueOrDefault(name) ?? throw new InvalidInputException(
            $"{place}: \"{name}\" in {{{text}}} is not a known filter; "
            + $"expected one of {string.Join(", ", TextFilters.All.Keys)}."));
        return new Part(null, words[0] == CandidateName ? null : field(words[0]), [.. filters]);
    }

    /// <summary>A piece of plain text, a field, or (neither) the candidate.</summary>
    private sealed record Part(string? Text, TaskField? Field, Func<string, string>[] Filters)
    {
        public string Apply(string value)
        {
            foreach (var filter in Filters)
            {
                value = filter(value);
            }

            return value;
        }
    }
}
