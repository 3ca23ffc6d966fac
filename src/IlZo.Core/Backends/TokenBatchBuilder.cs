using System.Runtime.InteropServices;

namespace IlZo.Backends;

/// <summary>Collects texts, continuations and read positions into a <see cref="TokenBatch"/>.</summary>
public sealed class TokenBatchBuilder
{
    private readonly List<int> _ids = [];
    private readonly List<int> _positions = [];
    private readonly List<int> _types = [];
    private readonly List<Segment> _segments = [];
    private readonly List<int> _roots = [];
    private readonly SortedDictionary<int, int> _outputs = [];

    /// <summary>Adds the beginning of a text and returns its segment's index.</summary>
    /// <param name="tokens">At least one token.</param>
    /// <param name="firstPosition">The position of the first token; positive when earlier ones lie in a key/value cache.</param>
    public int AddText(ReadOnlySpan<int> tokens, int firstPosition = 0) => Add(tokens, -1, firstPosition);

    /// <summary>Adds a whole text whose tokens have types and returns its segment's index.</summary>
    /// <param name="tokens">At least one token.</param>
    /// <param name="types">The type of each; null for 0.</param>
    internal int AddText(ReadOnlySpan<int> tokens, int[]? types)
    {
        int segment = Add(tokens, -1, 0);
        if (types is not null)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(types.Length, tokens.Length, nameof(types));
            types.CopyTo(CollectionsMarshal.AsSpan(_types)[_segments[segment].Start..]);
        }

        return segment;
    }

    /// <summary>Adds the tokens with which a text in a key/value cache goes on, and returns their segment's index.</summary>
    /// <param name="slot">Which of the cache's texts; each one rises above the one before it.</param>
    /// <param name="tokens">At least one token.</param>
    /// <param name="firstPosition">The position of the first token.</param>
    internal int AddCached(int slot, ReadOnlySpan<int> tokens, int firstPosition) => Add(tokens, -1, firstPosition, slot);

    /// <summary>Adds tokens that follow all of another segment's text and returns the new segment's index.</summary>
    public int AddContinuation(int parent, ReadOnlySpan<int> tokens) =>
        Add(tokens, parent, _segments[parent].Prefix + _segments[parent].Length);

    /// <summary>Asks for the final hidden state of a segment's token and returns the token's place in the batch.</summary>
    public int Read(int segment, int offset)
    {
        int token = _segments[segment].Start + offset;
        _outputs[token] = 0;
        return token;
    }

    /// <summary>The batch of what was added so far.</summary>
    public TokenBatch Build()
    {
        var longest = new Dictionary<int, int>();
        for (int s = 0; s < _segments.Count; s++)
        {
            int length = _segments[s].Prefix + _segments[s].Length;
            longest[_roots[s]] = Math.Max(length, longest.GetValueOrDefault(_roots[s]));
        }

        int[] textLengths = new int[_ids.Count];
        for (int s = 0; s < _segments.Count; s++)
        {
            textLengths.AsSpan(_segments[s].Start, _segments[s].Length).Fill(longest[_roots[s]]);
        }

        return new TokenBatch([.. _ids], [.. _positions], [.. _segments], [.. _outputs.Keys], textLengths, [.. _types]);
    }

    private int Add(ReadOnlySpan<int> tokens, int parent, int prefix, int slot = 0)
    {
        ArgumentOutOfRangeException.ThrowIfZero(tokens.Length, nameof(tokens));
        int index = _segments.Count;
        _segments.Add(new Segment(_ids.Count, tokens.Length, parent, prefix) { Slot = slot });
        _roots.Add(parent < 0 ? index : _roots[parent]);
        for (int i = 0; i < tokens.Length; i++)
        {
            _ids.Add(tokens[i]);
            _positions.Add(prefix + i);
            _types.Add(0);
        }

        return index;
    }
}
