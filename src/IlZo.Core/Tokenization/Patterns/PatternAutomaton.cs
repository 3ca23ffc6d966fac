using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace IlZo.Tokenization.Patterns;

/// <summary>
/// Finds the matches of a pattern, each the one that a backtracking engine would prefer, without going back: the steps that may come next
/// are a state, and what a character makes of a state is worked out once. Safe for use from many threads.
/// </summary>
internal sealed class PatternAutomaton : IMatcher
{
    // Characters looked at for one of the text, beyond a start: a search that fails begins again one character on.
    private const long StepsOfCharacter = 256;
    private const long FirstSteps = 1 << 16;
    private const int MostStates = 1024;
    private const int EndOfText = 0;
    private const int LineFeed = '\n';

    private readonly PatternProgram _program;
    private readonly Func<string, InvalidInputException> _error;
    private readonly Dictionary<string, State> _states = new(StringComparer.Ordinal);
    private readonly State _start;
    private readonly object _building = new();

    // The class of each character of the basic plane, 0 where it is not known yet; characters of a class are in the same sets.
    private readonly ushort[] _classes = new ushort[char.MaxValue + 1];
    private readonly ConcurrentDictionary<(ulong Sets, bool LineFeed), ushort> _classOfSets = new();
    private readonly List<(ulong Sets, bool LineFeed)> _setsOfClass = [default];

    private PatternAutomaton(PatternProgram program, Func<string, InvalidInputException> error)
    {
        (_program, _error) = (program, error);
        _start = StateOf([program.Start]);
    }

    /// <summary>Reads a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="error">Makes the refusals.</param>
    /// <exception cref="InvalidInputException">It is broken, not supported, or matches nothing at all between two characters.</exception>
    public static PatternAutomaton Parse(string pattern, Func<string, InvalidInputException> error)
    {
        var program = PatternParser.Parse(pattern, error);
        return MatchesNothing(program)
            ? throw error("the pattern matches an empty text, and would cut between all characters")
            : new PatternAutomaton(program, error);
    }

    /// <inheritdoc/>
    public void Find(string text, List<(int Start, int End)> matches)
    {
        long steps = FirstSteps + (StepsOfCharacter * text.Length);
        for (int at = 0; at < text.Length;)
        {
            int end = End(text, at, ref steps);
            if (end > at)
            {
                matches.Add((at, end));
                at = end;
            }
            else
            {
                Rune.DecodeFromUtf16(text.AsSpan(at), out _, out int length);
                at += length;
            }
        }
    }

    // Where the match that begins at a place ends, or -1.
    private int End(string text, int start, ref long steps)
    {
        int end = -1;
        var state = _start;
        for (int at = start; ;)
        {
            if (--steps < 0)
            {
                throw _error($"the pattern looks at more than {StepsOfCharacter} times as many characters as a text of {text.Length} has");
            }

            int length = 0;
            int kind = at < text.Length ? ClassAt(text, at, out length) : EndOfText;
            var edges = state.Edges;
            var edge = kind < edges.Length && edges[kind] is { } known ? known : Build(state, kind);
            end = edge.Matches ? at : end;
            if (edge.Next is null)
            {
                return end;
            }

            state = edge.Next;
            at += length;
        }
    }

    private int ClassAt(string text, int at, out int length)
    {
        char c = text[at];
        length = 1;
        if (!char.IsSurrogate(c) && _classes[c] is > 0 and var known)
        {
            return known;
        }

        Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out length);
        ulong sets = 0;
        for (int i = 0; i < _program.Sets.Count; i++)
        {
            sets |= _program.Sets[i].Contains(rune) ? 1UL << i : 0;
        }

        var key = (sets, rune.Value == LineFeed);
        if (!_classOfSets.TryGetValue(key, out ushort found))
        {
            lock (_building)
            {
                found = _classOfSets.GetOrAdd(key, _ =>
                {
                    _setsOfClass.Add(key);
                    return (ushort)(_setsOfClass.Count - 1);
                });
            }
        }

        if (rune.IsBmp && !char.IsSurrogate(c))
        {
            _classes[c] = found;
        }

        return found;
    }

    // What a class of characters makes of a state.
    private Edge Build(State state, int kind)
    {
        lock (_building)
        {
            var (sets, lineFeed) = _setsOfClass[kind];
            var taken = new List<int>();
            bool matches = false;
            var seen = new HashSet<int>();
            var open = new Stack<int>(state.Nodes.Reverse());
            while (!matches && open.TryPop(out int place))
            {
                if (!seen.Add(place))
                {
                    continue;
                }

                var node = _program.Nodes[place];
                bool isIn = node.Set >= 0 && kind != EndOfText && ((sets >> node.Set) & 1) != 0;
                switch (node.Kind)
                {
                    case PatternStep.Match:
                        // Whatever is left is less preferred.
                        matches = true;
                        break;
                    case PatternStep.Take when isIn:
                        taken.Add(node.Next);
                        break;
                    case PatternStep.Fork:
                        open.Push(node.Other);
                        open.Push(node.Next);
                        break;
                    case PatternStep.Look when isIn != node.Negated:
                    case PatternStep.EndOfLine when kind == EndOfText || lineFeed:
                        open.Push(node.Next);
                        break;
                }
            }

            var edge = new Edge(matches, taken.Count == 0 ? null : StateOf([.. taken.Distinct()]));
            state.Set(kind, edge);
            return edge;
        }
    }

    private State StateOf(int[] nodes)
    {
        string key = new(MemoryMarshal.Cast<int, char>(nodes));
        if (!_states.TryGetValue(key, out var state))
        {
            // A pattern that makes more is worked out again and again, in the same time for each character.
            if (_states.Count == MostStates)
            {
                _states.Clear();
                _start?.Clear();
            }

            _states.Add(key, state = new State(nodes));
        }

        return state;
    }

    private static bool MatchesNothing(PatternProgram program)
    {
        var seen = new HashSet<int>();
        var open = new Stack<int>([program.Start]);
        while (open.TryPop(out int place))
        {
            var node = program.Nodes[place];
            if (node.Kind == PatternStep.Match)
            {
                return true;
            }

            if (seen.Add(place) && node.Kind != PatternStep.Take)
            {
                open.Push(node.Next);
                open.Push(node.Kind == PatternStep.Fork ? node.Other : node.Next);
            }
        }

        return false;
    }

    /// <summary>What a character makes of a state: whether the pattern matches in front of it, and the state behind it.</summary>
    private sealed record Edge(bool Matches, State? Next);

    /// <summary>The steps that may come next, those that are preferred first.</summary>
    private sealed class State(int[] nodes)
    {
        private volatile Edge?[] _edges = [];

        public int[] Nodes => nodes;

        public Edge?[] Edges => _edges;

        public void Set(int kind, Edge edge)
        {
            Edge?[] edges = [.. _edges, .. new Edge?[Math.Max(0, kind + 1 - _edges.Length)]];
            edges[kind] = edge;
            _edges = edges;
        }

        public void Clear() => _edges = [];
    }
}
