using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// The magnitude of a tensor's k-th smallest element, exactly and without a copy of the tensor: magnitudes are ordered as their bits are,
/// so elements are counted by their upper 16 bits and then, where the k-th one fell, by the lower 15.
/// </summary>
internal static class MagnitudeRank
{
    private const int LowerBits = 15;

    /// <param name="parameter">The tensor.</param>
    /// <param name="k">Counted from 1; for 0 the answer is −1, below all magnitudes.</param>
    /// <param name="read">Reads a row; it is called twice for each.</param>
    public static float Of(Parameter parameter, long k, Action<int, float[]> read)
    {
        if (k == 0)
        {
            return -1;
        }

        var (upper, before) = Find(Count(parameter, read, 1 << (31 - LowerBits), bits => bits >> LowerBits), k);
        var (lower, _) = Find(
            Count(parameter, read, 1 << LowerBits, bits => bits >> LowerBits == upper ? bits & ((1 << LowerBits) - 1) : -1), k - before);
        return BitConverter.Int32BitsToSingle((upper << LowerBits) | lower);
    }

    private static long[] Count(Parameter parameter, Action<int, float[]> read, int bins, Func<int, int> binOf)
    {
        long[] counts = new long[bins];
        float[] values = new float[parameter.Columns];
        for (int row = 0; row < parameter.Rows; row++)
        {
            read(row, values);
            foreach (float value in values)
            {
                int bin = binOf(BitConverter.SingleToInt32Bits(value) & int.MaxValue);
                if (bin >= 0)
                {
                    counts[bin]++;
                }
            }
        }

        return counts;
    }

    // The bin of the k-th element, and how many are in those before it.
    private static (int Bin, long Before) Find(long[] counts, long k)
    {
        int bin = 0;
        long before = 0;
        while (before + counts[bin] < k)
        {
            before += counts[bin++];
        }

        return (bin, before);
    }
}
