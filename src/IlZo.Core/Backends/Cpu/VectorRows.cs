namespace IlZo.Backends.Cpu;

/// <summary>A vector of each of some tokens, as far apart in memory as the last from the one before.</summary>
/// <param name="first">The first token's.</param>
/// <param name="stride">Numbers from one to the next.</param>
internal readonly unsafe struct VectorRows(float* first, long stride)
{
    /// <summary>The vector of a token.</summary>
    public float* this[int token] => first + (token * stride);

    /// <summary>The same without the first tokens.</summary>
    public VectorRows From(int token) => new(this[token], stride);

    /// <summary>The same without the first numbers of each vector.</summary>
    public VectorRows Skip(int count) => new(first + count, stride);
}
