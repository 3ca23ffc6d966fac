using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace IlZo.Tokenization.Patterns;

// Characters, escapes and classes.
internal sealed partial class PatternParser
{
    // One character: a literal, an escape, a class or a period.
    private CharacterSet One()
    {
        if (TryTake('['))
        {
            return Class();
        }

        if (TryTake('.'))
        {
            return new CharacterSet().Add('\n', '\n').Negated();
        }

        if (TryTake('\\'))
        {
            return Escape(out int literal) ?? Literal(literal);
        }

        return Literal(Character());
    }

    private CharacterSet Literal(int character)
    {
        var set = new CharacterSet().Add(character, character);
        if (_ignoreCase)
        {
            AddOtherCases(set, character, character);
        }

        return set;
    }

    private void AddOtherCases(CharacterSet set, int first, int last)
    {
        if (last > 0x7F)
        {
            throw Refused("only characters of ASCII are supported where case is ignored");
        }

        for (int c = first; c <= last; c++)
        {
            if (char.IsAsciiLetter((char)c))
            {
                set.Add(c ^ 0x20, c ^ 0x20);

                // The long s and the sign of kelvin fold to s and k.
                int other = (c | 0x20) switch { 's' => 0x17F, 'k' => 0x212A, _ => c };
                set.Add(other, other);
            }
        }
    }

    private CharacterSet Class()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        bool negated = TryTake('^');
        var set = new CharacterSet();
        for (bool first = true; first || !TryTake(']'); first = false)
        {
            if (_at >= _pattern.Length)
            {
                throw Refused("a class has no end");
            }

            if (_pattern.AsSpan(_at).StartsWith("&&") || _pattern.AsSpan(_at).StartsWith("[:"))
            {
                throw Refused($"'{_pattern.AsSpan(_at, 2)}' in a class is not supported");
            }

            if (TryTake('['))
            {
                set.Add(Class());
                continue;
            }

            if (TryTake('\\'))
            {
                if (Escape(out int escaped) is { } inner)
                {
                    set.Add(inner);
                }
                else
                {
                    AddRange(set, escaped);
                }

                continue;
            }

            AddRange(set, Character());
        }

        return negated ? set.Negated() : set;
    }

    private void AddRange(CharacterSet set, int first)
    {
        int last = first;
        if (_at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']')
        {
            _at++;
            if (TryTake('\\'))
            {
                last = Escape(out int escaped) is null ? escaped : throw Refused("a range ends with a class");
            }
            else
            {
                last = Character();
            }

            if (last < first)
            {
                throw Refused("a range ends before it begins");
            }
        }

        set.Add(first, last);
        if (_ignoreCase)
        {
            AddOtherCases(set, first, last);
        }
    }

    // What stands behind a backslash: a set, or null with the one character.
    private CharacterSet? Escape(out int literal)
    {
        literal = 0;
        char c = _at < _pattern.Length ? _pattern[_at++] : throw Refused("the pattern ends with a backslash");
        switch (c)
        {
            case 's':
                return CharacterSet.Spaces();
            case 'S':
                return CharacterSet.Spaces().Negated();
            case 'd':
                return CharacterSet.OfCategory("Nd")!;
            case 'D':
                return CharacterSet.OfCategory("Nd")!.Negated();
            case 'w' or 'W':
                var word = new CharacterSet().Add(CharacterSet.OfCategory("L")!).Add(
                    CharacterSet.OfCategory("M")!).Add(CharacterSet.OfCategory("N")!).Add(CharacterSet.OfCategory("Pc")!);
                return c == 'W' ? word.Negated() : word;
            case 'p' or 'P':
                return Category(negated: c == 'P');
            case 'u' or 'x':
                literal = Code(c);
                return null;
            default:
                literal = c switch
                {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'f' => '\f',
                    'v' => '\v',
                    'a' => '\a',
                    'e' => 0x1B,
                    _ => char.IsAsciiLetterOrDigit(c) ? throw Refused($"'\\{c}' is not supported") : c,
                };
                return null;
        }
    }

    private CharacterSet Category(bool negated)
    {
        Take('{');
        negated ^= TryTake('^');
        int end = _pattern.IndexOf('}', _at);
        string name = end < 0 ? throw Refused("a category has no end") : _pattern[_at..end];
        var set = CharacterSet.OfCategory(name) ?? throw Refused(
            $"'\\p{{{name}}}' is not supported; a general category such as L or Lu was expected");
        _at = end + 1;
        return negated ? set.Negated() : set;
    }

    private int Code(char kind)
    {
        bool braces = kind == 'x' && TryTake('{');
        int end = braces ? _pattern.IndexOf('}', _at) : Math.Min(_at + (kind == 'u' ? 4 : 2), _pattern.Length);
        if (end < 0
            || !int.TryParse(_pattern.AsSpan(_at, end - _at), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            || !Rune.IsValid(code))
        {
            throw Refused("an escape names no character");
        }

        _at = braces ? end + 1 : end;
        return code;
    }

    private int Character()
    {
        Rune.DecodeFromUtf16(_pattern.AsSpan(_at), out var rune, out int length);
        _at += length;
        return rune.Value;
    }
}
