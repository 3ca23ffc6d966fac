namespace IlZo.Tokenization.ChatTemplates;

/// <summary>
/// Cuts a template into texts, tags and what is in them, with white space treated as transformers asks Jinja to: <c>trim_blocks</c> (the
/// line feed after a block or a comment goes) and <c>lstrip_blocks</c> (white space between the start of a line and a block or a comment
/// goes), and <c>-</c> or <c>+</c> at the edge of a tag to strip more or nothing.
/// </summary>
internal sealed class TemplateLexer
{
    private readonly TemplateSource _source;
    private readonly string _text;
    private readonly TokenScanner _scanner;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;

    private TemplateLexer(TemplateSource source)
    {
        _source = source;
        _text = source.Text;
        _scanner = new TokenScanner(source);
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
            text = PythonText.TrimEnd(text);
        }
        else if (sign != '+' && kind != '{')
        {
            int line = text.LastIndexOf('\n') + 1;
            bool atLineStart = line > 0 || start == 0 || _text[start - 1] == '\n';
            text = atLineStart && PythonText.IsAllSpace(text.AsSpan(line)) ? text[..line] : text;
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
        while (start < _text.Length && PythonText.IsSpace(_text[start]))
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
        while (end < _text.Length && PythonText.IsSpace(_text[end]))
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
            while (_at < _text.Length && PythonText.IsSpace(_text[_at]))
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

            var last = _scanner.Read(ref _at);
            _tokens.Add(last);
            open += last.Kind != TemplateTokenKind.Operator
                ? 0
                : last.Text is "(" or "[" or "{" ? 1 : last.Text is ")" or "]" or "}" ? -1 : 0;
            open = Math.Max(open, 0);
        }
    }

    // What the end of a tag takes away from the text behind it.
    private void AfterTag(char sign, bool trimsLine)
    {
        if (sign == '-')
        {
            while (_at < _text.Length && PythonText.IsSpace(_text[_at]))
            {
                _at++;
            }
        }
        else if (sign != '+' && trimsLine && _at < _text.Length && _text[_at] == '\n')
        {
            _at++;
        }
    }

    private void Add(TemplateTokenKind kind, string text, int position) => _tokens.Add(new TemplateToken(kind, text, position));
}
