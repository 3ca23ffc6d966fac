namespace IlZo.Machine;

/// <summary>One of the processor's caches that hold data.</summary>
/// <param name="Level">1 is the nearest to the core.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="LineBytes">The size of a line.</param>
/// <param name="Sharers">Logical processors that share it; null where the system does not say.</param>
internal sealed record CacheLevel(int Level, long Bytes, int LineBytes, int? Sharers)
{
    /// <summary>No cache is larger: what says so is not about one.</summary>
    public const long LargestBytes = 16L << 30;

    /// <summary>More levels have never been built.</summary>
    public const int LastLevel = 4;

    private const int LongestLine = 4096;
    private const int MostSharers = 1 << 16;

    /// <summary>Makes one of numbers that somebody else has written down, or none if they cannot be those of a cache.</summary>
    public static CacheLevel? Of(long level, long bytes, long lineBytes, long? sharers) =>
        level is >= 1 and <= LastLevel && bytes is >= 1024 and <= LargestBytes && lineBytes is >= 16 and <= LongestLine
            ? new CacheLevel((int)level, bytes, (int)lineBytes, sharers is >= 1 and <= MostSharers ? (int)sharers : null)
            : null;
}
