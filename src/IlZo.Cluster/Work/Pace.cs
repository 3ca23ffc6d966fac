namespace IlZo.Clusters;

/// <summary>
/// How fast a worker is, as it measures itself and tells with each message: a byte in quarters of a doubling of tokens a second, 0 where
/// nothing is known. What a worker tells stays as it is until it is off by two quarters, so that others divide work as it does itself.
/// </summary>
internal sealed class Pace
{
    /// <summary>Quarters by which workers differ that have the same to do.</summary>
    public const int Alike = 2;

    private const int Quarters = 4;

    // The slowest that is told: a token in a thousand seconds.
    private const int Slowest = 10 * Quarters;
    private const double NewestWeight = 0.3;

    // Entries after which a worker that has nothing to do is tried at a pace of a quarter more: it may have been slow for a while only.
    private const int Rest = 16;

    private double? _mean;
    private long _rested;

    /// <summary>What the worker tells.</summary>
    public byte Told { get; private set; }

    /// <summary>Takes note of work that was done.</summary>
    /// <param name="tokens">How much it was; 0 for none.</param>
    /// <param name="time">How long it took.</param>
    public void Measure(long tokens, TimeSpan time)
    {
        if (tokens == 0)
        {
            Tell(_mean is { } known && ++_rested % Rest == 0 ? known + 1 : _mean);
            return;
        }

        double quarters = Quarters * Math.Log2(tokens / Math.Max(time.TotalSeconds, 1e-9));
        Tell(_mean is { } mean ? mean + (NewestWeight * (quarters - mean)) : quarters);
    }

    /// <summary>How much each of several workers does, relative to the fastest.</summary>
    /// <param name="paces">What they tell; one that is not known is taken to be as fast as any.</param>
    public static double[] Shares(IReadOnlyList<byte> paces)
    {
        int fastest = paces.Max();
        return [.. paces.Select(p => p == 0 || fastest - p <= Alike ? 1 : Math.Pow(2, (double)(p - fastest) / Quarters))];
    }

    private void Tell(double? mean)
    {
        _mean = mean;
        if (mean is { } quarters && Byte(quarters) is var now && (Told == 0 || Math.Abs(now - Told) >= Alike))
        {
            Told = now;
        }
    }

    private static byte Byte(double quarters) => (byte)Math.Clamp(Math.Round(quarters) + Slowest, 1, byte.MaxValue);
}
