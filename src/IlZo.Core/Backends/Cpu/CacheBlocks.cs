using IlZo.Machine;
using IlZo.Noise;

namespace IlZo.Backends.Cpu;

/// <summary>
/// How much of the weights is packed at a time, which is a matter of the second-level cache alone: every output is the same sum in the same
/// order whatever the blocks are.
/// </summary>
/// <remarks>
/// <para>A packed block stays in the cache while all panels of tokens pass, and everything else comes from further away: for each slice
/// of the inputs a panel's inputs (24 kB) are read once, and its outputs (128 bytes a row) are read and written once. Per multiply-add that
/// is 4 bytes over the rows and 8 bytes over the inputs of a slice. So rows are packed first, up to 384, and what room is left then goes to
/// more slices, whose outputs stay in the nearest cache from one to the next.</para>
/// <para>With the 1 MB of Zen 4 and Zen 5 that is 384 rows of one slice of 192 inputs at both probes (639 kB), at which kernels have been
/// measured. 2 MB (Sapphire and Emerald Rapids) have room for two slices: outputs pass half as often, 2.0 instead of 3.9 GB/s for a core
/// that does 190 GFLOP/s, and that is most of what is asked of the third-level cache. With 512 kB (Zen 2, Zen 3, or 1 MB that two
/// hyper-threads share) it is 192 rows, and with 256 kB 96. Only 1 MB has been measured.</para>
/// <para>For few tokens packing is most of the work, and what limits it is how weights come from memory. So there blocks have 96 rows, of
/// which up to four slices are packed together: rows of weights follow each other as they lie.</para>
/// </remarks>
/// <param name="PackedBytes">Bytes of packed weights, at both probes together, that stay in a worker's second-level cache.</param>
internal readonly record struct CacheBlocks(long PackedBytes)
{
    /// <summary>Outputs of a block are a multiple of this: whole groups of each kernel.</summary>
    public const int RowUnit = 96;

    private const int MostRows = 4 * RowUnit;
    private const int MostSlices = 4;
    private const int Probes = 2;

    // The rest is for what passes.
    private const int Eighths = 5;

    private const long AssumedBytes = 1 << 20;

    /// <summary>For 1 MB a worker, which is also what is assumed where nothing is known.</summary>
    public static CacheBlocks Default { get; } = new(AssumedBytes / 8 * Eighths);

    /// <summary>For this machine.</summary>
    /// <param name="threads">Threads that work, or null for all processors.</param>
    public static CacheBlocks Here(int? threads) =>
        Of(MachineCaches.Current, threads ?? Environment.ProcessorCount, Environment.ProcessorCount);

    /// <summary>For a machine.</summary>
    /// <param name="caches">Its caches.</param>
    /// <param name="threads">Threads that work; they are taken to be spread evenly over the processors.</param>
    /// <param name="processors">Logical processors.</param>
    public static CacheBlocks Of(MachineCaches caches, int threads, int processors)
    {
        if (caches[2] is not { } cache)
        {
            return Default;
        }

        // A virtual machine may have fewer processors than share the cache.
        long sharers = Math.Clamp(cache.Sharers ?? caches.ThreadsPerCore ?? 1, 1, processors);
        long workers = Math.Clamp((((long)threads * sharers) + processors - 1) / processors, 1, sharers);
        return new CacheBlocks(cache.Bytes / workers / 8 * Eighths);
    }

    /// <summary>Rows of one slice at both probes: a multiple of <see cref="RowUnit"/>, from that to 384.</summary>
    /// <param name="rowBytes">Bytes of a packed row.</param>
    public int Rows(int rowBytes) =>
        (int)Math.Clamp(PackedBytes / ((long)Probes * rowBytes) / RowUnit * RowUnit, RowUnit, MostRows);

    /// <summary>The same in whole groups of noise.</summary>
    /// <param name="rowBytes">Bytes of a packed row.</param>
    public int RowsInGroups(int rowBytes) => Rows(rowBytes) / NoiseField.Group * NoiseField.Group;

    /// <summary>Slices that are packed together: as many as there is room for, one at least.</summary>
    /// <param name="rows">Rows of a slice.</param>
    /// <param name="rowBytes">Bytes of a packed row of a slice.</param>
    public int Slices(int rows, int rowBytes) => (int)Math.Clamp(PackedBytes / ((long)Probes * rowBytes * rows), 1, MostSlices);
}
