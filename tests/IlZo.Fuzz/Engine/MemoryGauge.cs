using System.Globalization;

namespace IlZo.Fuzz.Engine;

/// <summary>The resident memory of this process as Linux counts it; elsewhere nothing is measured.</summary>
internal sealed class MemoryGauge
{
    private const string Status = "/proc/self/status";
    private const string Reset = "/proc/self/clear_refs";

    /// <summary>The most there was at any time, in bytes.</summary>
    public long Peak { get; private set; }

    /// <summary>What an input may take.</summary>
    public static long Limit(int inputBytes) => (64L << 20) + (4L * inputBytes);

    /// <summary>Forgets the peak and returns what is resident now.</summary>
    public static long Begin()
    {
        if (!File.Exists(Reset))
        {
            return 0;
        }

        File.WriteAllText(Reset, "5");
        return Read("VmRSS:");
    }

    /// <summary>The most that was resident since the last <see cref="Begin"/>.</summary>
    public long End()
    {
        long peak = File.Exists(Status) ? Read("VmHWM:") : 0;
        Peak = Math.Max(Peak, peak);
        return peak;
    }

    /// <summary>How much memory work takes beyond what is resident before it, once garbage is gone.</summary>
    public long Measure(Action work)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        long before = Begin();
        work();
        return End() - before;
    }

    private static long Read(string name)
    {
        string line = File.ReadLines(Status).First(l => l.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(
            line.AsSpan(name.Length, line.Length - name.Length - "kB".Length),
            NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture);
    }
}
