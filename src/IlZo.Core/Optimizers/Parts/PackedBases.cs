namespace IlZo.Optimizers;

/// <summary>
/// Orthonormal vectors as the coefficients of a record have them. A vector's elements become whole numbers q from −127 to 127, of which the
/// largest magnitude is 127, and six of these, each as a byte 127 + q, a number below 2⁴⁸, which binary64 holds exactly. What is read of
/// them are the q made orthonormal in their order (<see cref="GramSchmidt"/>), the same bits wherever it is done.
/// </summary>
/// <remarks>
/// An element is rounded by 1/254 of its vector's largest one at most, and never by more than its own magnitude: the first of some vectors
/// of n elements, of which the largest is a, is turned by no more than the angle whose sine is a√n/254.
/// </remarks>
internal static class PackedBases
{
    private const int Most = 127;
    private const int BytesOfNumber = 6;

    /// <summary>Numbers that elements take.</summary>
    public static int NumbersOf(long elements) => checked((int)((elements + BytesOfNumber - 1) / BytesOfNumber));

    /// <summary>Packs vectors, all of them together.</summary>
    /// <param name="bases">Vectors one after another, and the length of each.</param>
    public static double[] Pack(IReadOnlyList<(float[] Vectors, int Length)> bases)
    {
        double[] numbers = new double[NumbersOf(bases.Sum(b => (long)b.Vectors.Length))];
        Span<byte> bytes = new byte[numbers.Length * BytesOfNumber];
        int at = 0;
        foreach (var (vectors, length) in bases)
        {
            for (int start = 0; start < vectors.Length; start += length, at += length)
            {
                Round(vectors.AsSpan(start, length), bytes.Slice(at, length));
            }
        }

        for (int i = 0; i < numbers.Length; i++)
        {
            long number = 0;
            for (int b = BytesOfNumber - 1; b >= 0; b--)
            {
                number = (number << 8) | bytes[(i * BytesOfNumber) + b];
            }

            numbers[i] = number;
        }

        return numbers;
    }

    /// <summary>Reads vectors.</summary>
    /// <param name="numbers">As many numbers as they take.</param>
    /// <param name="bases">How many vectors there are one after another, and the length of each.</param>
    /// <param name="wrong">The first number that cannot be one; −1 where there is none.</param>
    /// <returns>The vectors of each basis one after another; of no use where a number is wrong.</returns>
    public static float[][] Unpack(ReadOnlySpan<double> numbers, IReadOnlyList<(int Count, int Length)> bases, out int wrong)
    {
        Span<byte> bytes = new byte[numbers.Length * BytesOfNumber];
        long elements = bases.Sum(b => (long)b.Count * b.Length);
        wrong = -1;
        for (int i = numbers.Length - 1; i >= 0; i--)
        {
            if (!TryRead(numbers[i], bytes.Slice(i * BytesOfNumber, BytesOfNumber), elements - ((long)i * BytesOfNumber)))
            {
                wrong = i;
            }
        }

        float[][] read = new float[bases.Count][];
        int at = 0;
        for (int b = 0; b < read.Length; b++)
        {
            var (count, length) = bases[b];
            float[] vectors = new float[count * length];
            for (int i = 0; i < vectors.Length; i++)
            {
                vectors[i] = bytes[at++] - Most;
            }

            GramSchmidt.Orthonormalize(vectors, length);
            read[b] = vectors;
        }

        return read;
    }

    // Vectors are of length 1 at most, and finite.
    private static void Round(ReadOnlySpan<float> vector, Span<byte> bytes)
    {
        float largest = 0;
        foreach (float value in vector)
        {
            largest = MathF.Max(largest, MathF.Abs(value));
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(Most + (int)Math.Round((double)vector[i] / largest * Most));
        }
    }

    // No number has more bytes than elements left, nor a byte that is none of them.
    private static bool TryRead(double number, Span<byte> bytes, long elements)
    {
        if (!(number >= 0 && number < 1L << (8 * BytesOfNumber) && number == Math.Floor(number)))
        {
            return false;
        }

        long rest = (long)number;
        for (int b = 0; b < bytes.Length; b++)
        {
            bytes[b] = (byte)rest;
            rest >>= 8;
            if (bytes[b] > (b < elements ? 2 * Most : 0))
            {
                return false;
            }
        }

        return true;
    }
}
