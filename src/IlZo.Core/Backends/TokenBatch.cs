namespace IlZo.Backends;

/// <summary>
/// A run of consecutive tokens of one text. Texts that begin alike share the segments they have in common: a segment continues
/// its parent's text, and its tokens attend to the first <see cref="Prefix"/> positions of that text and to each other. Where attention
/// is not causal every text is one segment, since its beginning depends on its end.
/// </summary>
/// <param name="Start">The first token's place in the batch.</param>
/// <param name="Length">Tokens in the segment.</param>
/// <param name="Parent">The index of the segment it continues, or −1 at the beginning of a text.</param>
/// <param name="Prefix">The position of the first token in its text: how many earlier positions it sees.</param>
public readonly record struct Segment(int Start, int Length, int Parent, int Prefix)
{
    /// <summary>Which of a cache's texts it goes on with, in a pass that has a cache.</summary>
    internal int Slot { get; init; }
}

/// <summary>
/// The tokens of one forward pass, ragged: texts follow each other without padding, and a common beginning is there once.
/// </summary>
public sealed class TokenBatch
{
    /// <param name="ids">Token ids.</param>
    /// <param name="positions">The position of each token in its text, from 0.</param>
    /// <param name="segments">The segments, which cover the tokens in order; a parent comes before its children.</param>
    /// <param name="outputs">The tokens whose final hidden state is read, in ascending order; none where a pass only fills a cache.</param>
    /// <param name="textLengths">For each token the length of the longest text its tree of segments holds (used by length-dependent
    /// RoPE).</param>
    /// <param name="types">The type of each token.</param>
    internal TokenBatch(int[] ids, int[] positions, Segment[] segments, int[] outputs, int[] textLengths, int[] types)
    {
        Ids = ids;
        Types = types;
        Positions = positions;
        Segments = segments;
        Outputs = outputs;
        TextLengths = textLengths;
        IsWhole = Array.TrueForAll(segments, s => s.Prefix == 0);
    }

    /// <summary>The id of each token.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>The type of each token, 0 where nothing else was said: BERT's tell a second text from the first.</summary>
    internal IReadOnlyList<int> Types { get; }

    /// <summary>The position of each token in its text, from 0.</summary>
    public IReadOnlyList<int> Positions { get; }

    /// <summary>The segments, which cover the tokens in order; a parent comes before its children.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>The places of the tokens whose final hidden state is read, rising.</summary>
    public IReadOnlyList<int> Outputs { get; }

    /// <summary>For each token the length of the longest text that begins as its own does: some rotations depend on it.</summary>
    public IReadOnlyList<int> TextLengths { get; }

    /// <summary>Whether every text is one segment.</summary>
    public bool IsWhole { get; }

    /// <summary>Tokens in the batch.</summary>
    public int Count => Ids.Count;
}
