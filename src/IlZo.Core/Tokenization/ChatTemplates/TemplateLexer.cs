using System.Globalization;
using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>
/// Cuts a template into tokens, with white space treated as transformers asks Jinja to: <c>trim_blocks</c> (the line feed after a
/// block or a comment goes) and <c>lstrip_blocks</c> (white space between the start of a line and a block or a comment goes), and
/// <c>-</c> or <c>+</c> at the edge of a tag to strip more or nothing.
/// </summary>
internal sealed class TemplateLexer
{
    // Longer ones first.
    private static readonly string[] s_operators =
    [
        "==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "|", "(", ")", "[", "]", "{", "}", ".", ",", ":", "=", "<", ">",
    ];

    private readonly TemplateSource _source;
    private readonly string _text;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;

    private TemplateLexer(TemplateSource source)
    {
        _source = source;
        _text = source.Text;
    }

    public static List<TemplateToken> Lex(TemplateSource source)
    {
        var lexer = new TemplateLexer(source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_at < _text.Length)
        {
            int start = _at;
            int tag = NextTag(start);
            if (tag < 0)
            {
                Add(TemplateTokenKind.Text, _text[start..], start);
                _at = _text.Length;
                break;
            }

            char kind = _text[tag + 1];
            char sign = tag + 2 < _text.Length && _text[tag + 2] is '-' or '+' ? _text[tag + 2] : ' ';
            AddText(start, tag, kind, sign);
            _at = tag + 2 + (sign == ' ' ? 0 : 1);
            switch (kind)
            {
                case '#':
                    SkipComment(tag);
                    break;
                case '%' when TryRaw(tag):
                    break;
                default:
                    Tag(tag, kind);
                    break;
            }
        }

        Add(TemplateTokenKind.End, string.Empty, _text.Length);
    }

    private int NextTag(int from)
    {
        for (int at = from; (at = _text.IndexOf('{', at)) >= 0 && at + 1 < _text.Length; at++)
        {
            if (_text[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }

        return -1;
    }

    private void AddText(int start, int tag, char kind, char sign)
    {
        string text = _text[start..tag];
        if (sign == '-')
        {
            text = text.TrimEnd();
        }
        else if (sign != '+' && kind != '{')
        {
            int line = text.LastIndexOf('\n') + 1;
            bool atLineStart = line > 0 || start == 0 || _text[start - 1] == '\n';
            text = atLineStart && text.AsSpan(line).IsWhiteSpace() ? text[..line] : text;
        }

        if (text.Length > 0)
        {
            Add(TemplateTokenKind.Text, text, start);
        }
    }

    private void SkipComment(int tag)
    {
        int end = _text.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw _source.Error(tag, "the comment has no end; #} was expected");
        }

        char sign = end > _at && _text[end - 1] is '-' or '+' ? _text[end - 1] : ' ';
        _at = end + 2;
        AfterTag(sign, trimsLine: true);
    }

    /// <summary>Reads <c>{% raw %}</c> with all up to its end as text.</summary>
    private bool TryRaw(int tag)
    {
        int at = _at;
        if (!TryWord(ref at, "raw") || !TryBlockEnd(ref at, out char sign))
        {
            return false;
        }

        _at = at;
        AfterTag(sign, trimsLine: true);
        int start = _at;
        for (int end = start; (end = _text.IndexOf("{%", end, StringComparison.Ordinal)) >= 0; end += 2)
        {
            at = end + 2;
            char before = at < _text.Length && _text[at] is '-' or '+' ? _text[at++] : ' ';
            if (TryWord(ref at, "endraw") && TryBlockEnd(ref at, out sign))
            {
                AddText(start, end, '%', before);
                _at = at;
                AfterTag(sign, trimsLine: true);
                return true;
            }
        }

        throw _source.Error(tag, "the raw block has no end; {% endraw %} was expected");
    }

    private bool TryWord(ref int at, string word)
    {
        int start = at;
        while (start < _text.Length && char.IsWhiteSpace(_text[start]))
        {
            start++;
        }

        if (string.CompareOrdinal(_text, start, word, 0, word.Length) != 0)
        {
            return false;
        }

        at = start + word.Length;
        return true;
    }

    private bool TryBlockEnd(ref int at, out char sign)
    {
        int end = at;
        while (end < _text.Length && char.IsWhiteSpace(_text[end]))
        {
            end++;
        }

        sign = end < _text.Length && _text[end] is '-' or '+' ? _text[end++] : ' ';
        if (string.CompareOrdinal(_text, end, "%}", 0, 2) != 0)
        {
            return false;
        }

        at = end + 2;
        return true;
    }

    private void Tag(int tag, char kind)
    {
        bool block = kind == '%';
        string close = block ? "%}" : "}}";
        Add(block ? TemplateTokenKind.BlockBegin : TemplateTokenKind.OutputBegin, _text.Substring(tag, 2), tag);
        int open = 0;
        while (true)
        {
            while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
            {
                _at++;
            }

            if (_at >= _text.Length)
            {
                throw _source.Error(tag, $"the tag has no end; {close} was expected");
            }

            int signs = _text[_at] is '-' or '+' ? 1 : 0;
            if (open == 0 && string.CompareOrdinal(_text, _at + signs, close, 0, 2) == 0)
            {
                Add(block ? TemplateTokenKind.BlockEnd : TemplateTokenKind.OutputEnd, close, _at);
                char sign = signs == 1 ? _text[_at] : ' ';
                _at += signs + 2;
                AfterTag(sign, trimsLine: block);
                return;
            }

            Token();
            var last = _tokens[^1];
            open += last.Kind != TemplateTokenKind.Operator ? 0 : last.Text is "(" or "[" or "{" ? 1 : last.Text is ")" or "]" or "}" ? -1 : 0;
            open = Math.Max(open, 0);
        }
    }

    // What the end of a tag takes away from the text behind it.
    private void AfterTag(char sign, bool trimsLine)
    {
        if (sign == '-')
        {
            while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
            {
                _at++;
            }
        }
        else if (sign != '+' && trimsLine && _at < _text.Length && _text[_at] == '\n')
        {
            _at++;
        }
    }

    private void Token()
    {
        int start = _at;
        char c = _text[start];
        if (c is '\'' or '"')
        {
            Add(TemplateTokenKind.String, QuotedText(c), start);
        }
        else if (char.IsAsciiDigit(c))
        {
            Number(start);
        }
        else if (char.IsLetter(c) || c == '_')
        {
            while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] == '_'))
            {
                _at++;
            }

            Add(TemplateTokenKind.Name, _text[start.._at], start);
        }
        else
        {
            string symbol = Array.Find(s_operators, o => string.CompareOrdinal(_text, start, o, 0, o.Length) == 0)
                ?? throw _source.Error(start, $"'{c}' is not understood; a name, a number, a string or an operator was expected");
            _at += symbol.Length;
            Add(TemplateTokenKind.Operator, symbol, start);
        }
    }

    private void Number(int start)
    {
        Digits();
        var kind = TemplateTokenKind.Integer;
        if (_at + 1 < _text.Length && _text[_at] == '.' && char.IsAsciiDigit(_text[_at + 1]))
        {
            kind = TemplateTokenKind.Float;
            _at++;
            Digits();
        }

        int exponent = _at + 1 < _text.Length && (_text[_at + 1] is '+' or '-') ? _at + 2 : _at + 1;
        if (exponent < _text.Length && (_text[_at] is 'e' or 'E') && char.IsAsciiDigit(_text[exponent]))
        {
            kind = TemplateTokenKind.Float;
            _at = exponent;
            Digits();
        }

        Add(kind, _text[start.._at], start);

        void Digits()
        {
            while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            {
                _at++;
            }
        }
    }

    // The escapes are Python's; a backslash before anything else stands for itself.
    private string QuotedText(char quote)
    {
        int start = _at;
        var value = new StringBuilder();
        for (_at++; _at < _text.Length && _text[_at] != quote; _at++)
        {
            if (_text[_at] != '\\' || _at + 1 == _text.Length)
            {
                value.Append(_text[_at]);
                continue;
            }

            _at++;
            value.Append(_text[_at] switch
            {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                'b' => "\b",
                'f' => "\f",
                'v' => "\v",
                '0' => "\0",
                '\n' => string.Empty,
                '\\' or '\'' or '"' => _text[_at].ToString(),
                'x' => Code(2),
                'u' => Code(4),
                'U' => Code(8),
                char other => $"\\{other}",
            });
        }

        if (_at >= _text.Length)
        {
            throw _source.Error(start, $"the string has no end; {quote} was expected");
        }

        _at++;
        return value.ToString();
    }

    private string Code(int digits)
    {
        var hex = _text.AsSpan(Math.Min(_at + 1, _text.Length));
        if (hex.Length < digits || !int.TryParse(hex[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            || !Rune.IsValid(code))
        {
            throw _source.Error(_at - 1, $"the escape is not followed by {digits} hexadecimal digits of a character");
        }

        _at += digits;
        return new Rune(code).ToString();
    }

    private void Add(TemplateTokenKind kind, string text, int position) => _tokens.Add(new TemplateToken(kind, text, position));
}
