using System.Diagnostics;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Where the time of forward passes goes, summed over threads. Always kept: a time stamp costs nothing beside what it measures.
/// </summary>
internal sealed class CpuProfile
{
    private readonly long[] _ticks;

    internal CpuProfile(int workers) => _ticks = new long[workers * Parts * Padding];

    internal enum Part
    {
        /// <summary>Reading, widening and perturbing weights.</summary>
        Packing,

        /// <summary>Multiplying packed weights with activations, the output head included.</summary>
        Products,

        /// <summary>Attention, its products included.</summary>
        Attention,
    }

    private static int Parts => 3;

    // Workers write to cache lines of their own.
    private static int Padding => 8;

    /// <summary>Seconds of all threads spent on reading, widening and perturbing weights.</summary>
    public double PackingSeconds => Seconds(Part.Packing);

    /// <summary>Seconds of all threads spent on products of weights and activations.</summary>
    public double ProductSeconds => Seconds(Part.Products);

    /// <summary>Seconds of all threads spent on attention.</summary>
    public double AttentionSeconds => Seconds(Part.Attention);

    /// <summary>
    /// Multiplications of a weight and an activation so far, the output head included; what is equal for all probes of a pass counts once.
    /// </summary>
    public long Products { get; private set; }

    /// <summary>Starts from zero; not while a pass runs.</summary>
    public void Reset()
    {
        Array.Clear(_ticks);
        Products = 0;
    }

    /// <summary>Adds the products of an operation; by the thread that starts it.</summary>
    internal void CountProducts(long products) => Products += products;

    /// <summary>Adds the time since <paramref name="start"/> and returns the time now.</summary>
    internal long Add(Part part, int worker, long start)
    {
        long now = Stopwatch.GetTimestamp();
        _ticks[((worker * Parts) + (int)part) * Padding] += now - start;
        return now;
    }

    private double Seconds(Part part)
    {
        long sum = 0;
        for (int i = (int)part * Padding; i < _ticks.Length; i += Parts * Padding)
        {
            sum += _ticks[i];
        }

        return (double)sum / Stopwatch.Frequency;
    }
}
