using IlZo.Machine;

namespace IlZo.Benchmarks;

/// <summary>How fast one core reads what a cache holds and what none does, measured now, in well under a second.</summary>
/// <param name="Second">From the second-level cache, in GB/s; null where it is not known.</param>
/// <param name="Third">From the third, likewise.</param>
/// <param name="Memory">From memory: what is read is twice what the third-level cache holds, up to 512 MB.</param>
internal sealed record CacheBandwidth(double? Second, double? Third, double Memory)
{
    private const int Unit = 256;
    private const int Repeats = 200;
    private const int MemoryRepeats = 2;
    private const long LeastMemory = 128 << 20;
    private const long MostMemory = 512 << 20;

    // What one core may count on of a cache that many share, and what is read in a moment.
    private const long MostThird = 16 << 20;

    /// <summary>Measures a machine.</summary>
    /// <param name="caches">Its caches.</param>
    public static CacheBandwidth Measure(MachineCaches caches)
    {
        // Half a cache is not shared with whatever else it holds; four times the nearer one does not fit there.
        double? second = caches[2] is { } l2 ? Read(l2.Bytes / 2) : null;
        double? third = caches[3] is { } l3 ? Read(Math.Min(Math.Min(l3.Bytes / 2, 4 * (caches[2]?.Bytes ?? l3.Bytes)), MostThird)) : null;
        long memory = Math.Clamp(2 * (caches[3]?.Bytes ?? 0), LeastMemory, MostMemory);
        return new CacheBandwidth(second, third, MachinePeak.ReadGigabytes(memory, MemoryRepeats));
    }

    // Few repetitions of much and many of little take as long.
    private static double Read(long bytes)
    {
        bytes = Math.Clamp(bytes / Unit * Unit, Unit, MostThird);
        return MachinePeak.ReadGigabytes(bytes, (int)Math.Clamp(Repeats * (1L << 20) / bytes, 8, 2000));
    }
}
