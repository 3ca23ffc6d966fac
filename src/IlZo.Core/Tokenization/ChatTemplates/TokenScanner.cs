using System.Globalization;
using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Reads what is in a tag: names, numbers, strings and operators, one at a time.</summary>
internal sealed class TokenScanner(TemplateSource source)
{
    // So that looking a name up is little work.
    private const int MaxName = 256;

    // Longer ones first.
    private static readonly string[] s_operators =
    [
        "==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "|", "(", ")", "[", "]", "{", "}", ".", ",", ":", "=", "<", ">",
    ];

    private readonly string _text = source.Text;

    /// <summary>Reads a token.</summary>
    /// <param name="at">Where it begins, which is neither white space nor the end of the text; becomes where it ends.</param>
    /// <exception cref="InvalidInputException">There is no token, or one without an end.</exception>
    public TemplateToken Read(ref int at)
    {
        int start = at;
        char c = _text[start];
        if (c is '\'' or '"')
        {
            return new TemplateToken(TemplateTokenKind.String, QuotedText(c, ref at), start);
        }

        if (char.IsAsciiDigit(c))
        {
            var kind = Number(ref at);
            return new TemplateToken(kind, _text[start..at], start);
        }

        if (char.IsLetter(c) || c == '_')
        {
            while (at < _text.Length && (char.IsLetterOrDigit(_text[at]) || _text[at] == '_'))
            {
                at++;
            }

            return at - start <= MaxName
                ? new TemplateToken(TemplateTokenKind.Name, _text[start..at], start)
                : throw source.Error(start, $"the name has {at - start} characters; at most {MaxName} were expected");
        }

        string symbol = Array.Find(s_operators, o => string.CompareOrdinal(_text, start, o, 0, o.Length) == 0)
            ?? throw source.Error(start, $"'{c}' is not understood; a name, a number, a string or an operator was expected");
        at += symbol.Length;
        return new TemplateToken(TemplateTokenKind.Operator, symbol, start);
    }

    private TemplateTokenKind Number(ref int at)
    {
        // In a.0.1 there is no 0.1.
        bool isPlace = at > 0 && _text[at - 1] == '.';
        Digits(ref at);
        if (isPlace)
        {
            return TemplateTokenKind.Integer;
        }

        if (_text[at - 1] == '0' && at < _text.Length && (_text[at] | 0x20) is 'x' or 'o' or 'b')
        {
            for (at++; at < _text.Length && (char.IsAsciiHexDigit(_text[at]) || _text[at] == '_');)
            {
                at++;
            }

            return TemplateTokenKind.Integer;
        }

        var kind = TemplateTokenKind.Integer;
        if (at + 1 < _text.Length && _text[at] == '.' && char.IsAsciiDigit(_text[at + 1]))
        {
            kind = TemplateTokenKind.Float;
            at++;
            Digits(ref at);
        }

        int exponent = at + 1 < _text.Length && (_text[at + 1] is '+' or '-') ? at + 2 : at + 1;
        if (exponent < _text.Length && (_text[at] is 'e' or 'E') && char.IsAsciiDigit(_text[exponent]))
        {
            kind = TemplateTokenKind.Float;
            at = exponent;
            Digits(ref at);
        }

        return kind;
    }

    // Underscores may stand between digits.
    private void Digits(ref int at)
    {
        while (at < _text.Length && (char.IsAsciiDigit(_text[at])
            || (_text[at] == '_' && at + 1 < _text.Length && char.IsAsciiDigit(_text[at + 1]))))
        {
            at++;
        }
    }

    // The escapes are Python's; a backslash before anything else stands for itself.
    private string QuotedText(char quote, ref int at)
    {
        int start = at;
        var value = new StringBuilder();
        for (at++; at < _text.Length && _text[at] != quote; at++)
        {
            if (_text[at] != '\\' || at + 1 == _text.Length)
            {
                value.Append(_text[at]);
                continue;
            }

            at++;
            value.Append(_text[at] switch
            {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                'b' => "\b",
                'f' => "\f",
                'v' => "\v",
                'a' => "\a",
                >= '0' and <= '7' => Octal(ref at),
                'N' => throw source.Error(at - 1, "characters by name are not supported; \\u and four digits were expected"),
                '\n' => string.Empty,
                '\\' or '\'' or '"' => _text[at].ToString(),
                'x' => Code(2, ref at),
                'u' => Code(4, ref at),
                'U' => Code(8, ref at),
                char other => $"\\{other}",
            });
        }

        if (at >= _text.Length)
        {
            throw source.Error(start, $"the string has no end; {quote} was expected");
        }

        at++;
        return value.ToString();
    }

    private string Octal(ref int at)
    {
        int code = _text[at] - '0';
        for (int more = 0; more < 2 && at + 1 < _text.Length && _text[at + 1] is >= '0' and <= '7'; more++)
        {
            code = (8 * code) + _text[++at] - '0';
        }

        return ((char)code).ToString();
    }

    private string Code(int digits, ref int at)
    {
        var hex = _text.AsSpan(Math.Min(at + 1, _text.Length));
        if (hex.Length < digits || !int.TryParse(hex[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            || !Rune.IsValid(code))
        {
            throw source.Error(at - 1, $"the escape is not followed by {digits} hexadecimal digits of a character");
        }

        at += digits;
        return new Rune(code).ToString();
    }
}
