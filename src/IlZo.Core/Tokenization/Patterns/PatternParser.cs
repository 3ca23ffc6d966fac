using System.Globalization;
using System.Runtime.CompilerServices;

namespace IlZo.Tokenization.Patterns;

/// <summary>
/// Reads the regular expressions of published tokenizers, by the rules of Oniguruma, which the reference library runs: alternatives,
/// groups, classes, Unicode categories, quantifiers, and looks at the one character that follows. What needs a memory of the past is
/// refused by name: references back, looks further on or behind, possessive quantifiers.
/// </summary>
internal sealed partial class PatternParser
{
    // Copies of what is counted are steps too.
    private const int MaxNodes = 2048;
    private const int MaxSets = 64;
    private const int MaxCount = 1000;

    private readonly string _pattern;
    private readonly Func<string, InvalidInputException> _error;
    private readonly List<PatternNode> _nodes = [];
    private readonly List<CharacterSet> _sets = [];
    private int _at;
    private bool _ignoreCase;

    private PatternParser(string pattern, Func<string, InvalidInputException> error) => (_pattern, _error) = (pattern, error);

    // Builds the steps of a part in front of a step, and returns where it begins.
    private delegate int Part(int next);

    /// <summary>Reads a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="error">Makes the refusals.</param>
    /// <exception cref="InvalidInputException">It is broken, or has something that is not supported.</exception>
    public static PatternProgram Parse(string pattern, Func<string, InvalidInputException> error)
    {
        var parser = new PatternParser(pattern, error);
        var whole = parser.Alternatives();
        if (parser._at < pattern.Length)
        {
            throw parser.Refused("')' stands alone");
        }

        int match = parser.Add(new PatternNode(PatternStep.Match));
        int start = whole(match);
        return new PatternProgram(parser._nodes, start, parser._sets);
    }

    private Part Alternatives()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        bool ignoreCase = _ignoreCase;
        var options = new List<Part> { Sequence() };
        while (TryTake('|'))
        {
            options.Add(Sequence());
        }

        _ignoreCase = ignoreCase;
        return next =>
        {
            int start = options[^1](next);
            for (int i = options.Count - 2; i >= 0; i--)
            {
                start = Add(new PatternNode(PatternStep.Fork, Next: options[i](next), Other: start));
            }

            return start;
        };
    }

    private Part Sequence()
    {
        var parts = new List<Part>();
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')'))
        {
            parts.Add(Quantified(Atom()));
        }

        return next =>
        {
            for (int i = parts.Count - 1; i >= 0; i--)
            {
                next = parts[i](next);
            }

            return next;
        };
    }

    private Part Quantified(Part part)
    {
        while (_at < _pattern.Length && Quantity() is var (least, most))
        {
            bool greedy = !TryTake('?');
            if (greedy && _at < _pattern.Length && _pattern[_at] == '+')
            {
                throw Refused("possessive quantifiers are not supported");
            }

            part = Repeated(part, least, most, greedy);
        }

        return part;
    }

    private Part Repeated(Part part, int least, int? most, bool greedy) => next =>
    {
        int start = next;
        if (most is null)
        {
            // The fork stands before what it repeats, which goes back to it.
            int fork = Add(default);
            int inner = part(fork);
            _nodes[fork] = Fork(inner, next);
            start = fork;
        }

        for (int i = least; i < most; i++)
        {
            start = Add(Fork(part(start), next));
        }

        for (int i = 0; i < least; i++)
        {
            start = part(start);
        }

        return start;

        PatternNode Fork(int inner, int after) => greedy
            ? new PatternNode(PatternStep.Fork, Next: inner, Other: after)
            : new PatternNode(PatternStep.Fork, Next: after, Other: inner);
    };

    private (int Least, int? Most)? Quantity()
    {
        switch (_pattern[_at])
        {
            case '?':
                _at++;
                return (0, 1);
            case '*':
                _at++;
                return (0, null);
            case '+':
                _at++;
                return (1, null);
            case '{':
                _at++;
                int least = Count() ?? 0;
                int? most = !TryTake(',') ? least : Count();
                Take('}');
                return most is null || most >= least ? (least, most) : throw Refused("a quantifier ends before it begins");
            default:
                return null;
        }
    }

    private int? Count()
    {
        int start = _at;
        while (_at < _pattern.Length && char.IsAsciiDigit(_pattern[_at]))
        {
            _at++;
        }

        return start == _at ? null
            : int.TryParse(_pattern.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
                && count <= MaxCount ? count
            : throw Refused($"a quantifier asks for more than {MaxCount}");
    }

    private Part Atom()
    {
        char c = _pattern[_at];
        switch (c)
        {
            case '(':
                _at++;
                return Group();
            case '$':
                _at++;
                return next => Add(new PatternNode(PatternStep.EndOfLine, Next: next));
            case '?' or '*' or '+':
                throw Refused($"'{c}' has nothing in front of it");
            case '^':
                throw Refused("'^' is not supported");
            default:
                return Taken(One());
        }
    }

    private Part Taken(CharacterSet set)
    {
        int index = AddSet(set);
        return next => Add(new PatternNode(PatternStep.Take, index, next));
    }

    private Part Group()
    {
        if (!TryTake('?'))
        {
            return Closed(Alternatives());
        }

        if (TryTake(':'))
        {
            return Closed(Alternatives());
        }

        if (TryTake('i'))
        {
            Take(':');
            bool outer = _ignoreCase;
            _ignoreCase = true;
            var inner = Closed(Alternatives());
            _ignoreCase = outer;
            return inner;
        }

        bool negated = TryTake('!');
        if (!negated && !TryTake('='))
        {
            throw Refused("only the groups (…), (?:…), (?i:…), (?=…) and (?!…) are supported");
        }

        // A look at one character, which alone can be decided while the text is read once.
        if (_at >= _pattern.Length || _pattern[_at] is '(' or ')' or '|' or '^' or '$')
        {
            throw Refused("a look ahead at something else than one character is not supported");
        }

        int set = AddSet(One());
        if (_at >= _pattern.Length || _pattern[_at] != ')')
        {
            throw Refused("a look ahead at something else than one character is not supported");
        }

        _at++;
        return next => Add(new PatternNode(PatternStep.Look, set, next, Negated: negated));
    }

    private Part Closed(Part inner)
    {
        Take(')');
        return inner;
    }

    private int Add(PatternNode node)
    {
        if (_nodes.Count == MaxNodes)
        {
            throw Refused($"it takes more than {MaxNodes} steps");
        }

        _nodes.Add(node);
        return _nodes.Count - 1;
    }

    private int AddSet(CharacterSet set)
    {
        if (_sets.Count == MaxSets)
        {
            throw Refused($"it has more than {MaxSets} characters and classes");
        }

        _sets.Add(set);
        return _sets.Count - 1;
    }

    private bool TryTake(char c)
    {
        bool taken = _at < _pattern.Length && _pattern[_at] == c;
        _at += taken ? 1 : 0;
        return taken;
    }

    private void Take(char c)
    {
        if (!TryTake(c))
        {
            throw Refused($"'{c}' was expected");
        }
    }

    private InvalidInputException Refused(string problem) => _error($"the pattern cannot be used, character {_at + 1}: {problem}");
}
