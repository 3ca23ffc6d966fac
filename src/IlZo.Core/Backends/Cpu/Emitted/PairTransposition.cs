using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>Turns blocks of 8 × 8 elements of 32 bits, which a packed row of W holds pairs of numbers in.</summary>
internal static unsafe class PairTransposition
{
    /// <summary>Rows and columns of a block.</summary>
    public const int Size = 8;

    /// <summary>rows[i][j] = source[j][i].</summary>
    /// <param name="source">Eight vectors.</param>
    /// <param name="stride">Elements from one to the next.</param>
    /// <param name="rows">Receives eight rows of eight.</param>
    public static void Turn(uint* source, int stride, uint* rows)
    {
        if (Avx.IsSupported)
        {
            TurnVectors((float*)source, stride, (float*)rows);
            return;
        }

        for (int i = 0; i < Size * Size; i++)
        {
            rows[i] = source[(i % Size * stride) + (i / Size)];
        }
    }

    private static void TurnVectors(float* source, int stride, float* rows)
    {
        var a = Vector256.Load(source);
        var b = Vector256.Load(source + stride);
        var c = Vector256.Load(source + (2 * stride));
        var d = Vector256.Load(source + (3 * stride));
        var (ab0, ab1) = (Avx.UnpackLow(a, b), Avx.UnpackHigh(a, b));
        var (cd0, cd1) = (Avx.UnpackLow(c, d), Avx.UnpackHigh(c, d));
        a = Vector256.Load(source + (4 * stride));
        b = Vector256.Load(source + (5 * stride));
        c = Vector256.Load(source + (6 * stride));
        d = Vector256.Load(source + (7 * stride));
        var (ef0, ef1) = (Avx.UnpackLow(a, b), Avx.UnpackHigh(a, b));
        var (gh0, gh1) = (Avx.UnpackLow(c, d), Avx.UnpackHigh(c, d));
        StoreRows(First(ab0, cd0), First(ef0, gh0), rows);
        StoreRows(Second(ab0, cd0), Second(ef0, gh0), rows + Size);
        StoreRows(First(ab1, cd1), First(ef1, gh1), rows + (2 * Size));
        StoreRows(Second(ab1, cd1), Second(ef1, gh1), rows + (3 * Size));
    }

    // The first pair of elements of each half of both.
    private static Vector256<float> First(Vector256<float> x, Vector256<float> y) => Avx.Shuffle(x, y, 0x44);

    private static Vector256<float> Second(Vector256<float> x, Vector256<float> y) => Avx.Shuffle(x, y, 0xEE);

    // The lower halves are a row, the upper ones that four rows further.
    private static void StoreRows(Vector256<float> left, Vector256<float> right, float* rows)
    {
        Avx.Permute2x128(left, right, 0x20).Store(rows);
        Avx.Permute2x128(left, right, 0x31).Store(rows + (4 * Size));
    }
}
