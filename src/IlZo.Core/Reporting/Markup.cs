using System.Globalization;
using System.Text;

namespace IlZo.Reporting;

/// <summary>Writes markup: numbers are the same on every machine, and texts from files cannot be anything but text.</summary>
internal static class Markup
{
    /// <summary>Appends markup with numbers in it.</summary>
    public static StringBuilder AppendInvariant(this StringBuilder to, FormattableString markup) =>
        to.Append(markup.ToString(CultureInfo.InvariantCulture));

    /// <summary>As <see cref="Escape"/>, for an element that shows the lines of a text as lines.</summary>
    public static string EscapeLines(string text) => string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(Escape));

    /// <summary>
    /// Text for an element or a quoted attribute, of HTML as of XML. Characters that XML does not have (control characters, halves of
    /// surrogate pairs) are replaced by U+FFFD.
    /// </summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            string? entity = rune.Value switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                '\t' or '\n' or '\r' => " ",
                0xFFFE or 0xFFFF => "\uFFFD",
                _ => Rune.IsControl(rune) ? "\uFFFD" : null,
            };
            escaped.Append(entity ?? rune.ToString());
        }

        return escaped.ToString();
    }
}
