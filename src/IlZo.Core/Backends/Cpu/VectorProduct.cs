using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Weights times one token, y[n] = Σ W[n][k]·x[k]: what generating text consists of. Bound by reading W, so weights go from
/// memory through registers into the sums, nothing is packed, and rows follow each other as they lie: one stream of addresses that is
/// asked for a few kilobytes ahead, across the ends of pages where the processor's own prefetching stops.
/// </summary>
internal static unsafe class VectorProduct
{
    private const int Unroll = 4;
    private const int PrefetchBytes = 2048;

    /// <summary>Computes rows <paramref name="row"/> … of y from the contiguous <paramref name="x"/>.</summary>
    public static void Multiply(Parameter weight, int row, int rows, float* x, float* y)
    {
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
        {
            Multiply<Vector512<float>, Simd512>(weight, row, rows, x, y);
        }
        else if (Avx2.IsSupported)
        {
            Multiply<Vector256<float>, Simd256>(weight, row, rows, x, y);
        }
        else
        {
            Multiply<Vector128<float>, Simd128>(weight, row, rows, x, y);
        }
    }

    private static void Multiply<TVector, TSimd>(Parameter weight, int row, int rows, float* x, float* y)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        switch (weight.Type)
        {
            case DType.F32:
                Multiply<TVector, TSimd, F32Format<TVector, TSimd>>(weight, row, rows, x, y);
                break;
            case DType.F16:
                Multiply<TVector, TSimd, F16Format<TVector, TSimd>>(weight, row, rows, x, y);
                break;
            default:
                Multiply<TVector, TSimd, BF16Format<TVector, TSimd>>(weight, row, rows, x, y);
                break;
        }
    }

    private static void Multiply<TVector, TSimd, TFormat>(Parameter weight, int row, int rows, float* x, float* y)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        int columns = weight.Columns;
        int whole = columns / (Unroll * TSimd.Width) * (Unroll * TSimd.Width);
        for (int r = 0; r < rows; r++)
        {
            y[r] = Row<TVector, TSimd, TFormat>(weight.At(row + r, 0), x, whole);
        }

        float* widened = stackalloc float[Unroll * TSimd.Width];
        for (int r = 0; r < rows && whole < columns; r++)
        {
            Widening.Read(weight.Type, weight.At(row + r, whole), widened, columns - whole);
            for (int k = whole; k < columns; k++)
            {
                y[r] += widened[k - whole] * x[k];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Row<TVector, TSimd, TFormat>(byte* w, float* x, int columns)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
        where TFormat : struct, IWeightFormat<TVector>
    {
        int width = TSimd.Width;
        int step = width * TFormat.Size;
        var zero = TSimd.Broadcast(0);
        TVector a = zero, b = zero, c = zero, d = zero;
        for (float* end = x + columns; x < end; x += Unroll * width, w += Unroll * step)
        {
            for (int line = 0; line < Unroll * step && Sse.IsSupported; line += 64)
            {
                Sse.Prefetch0(w + PrefetchBytes + line);
            }

            a = TSimd.MultiplyAdd(TFormat.Load(w), TSimd.Load(x), a);
            b = TSimd.MultiplyAdd(TFormat.Load(w + step), TSimd.Load(x + width), b);
            c = TSimd.MultiplyAdd(TFormat.Load(w + (2 * step)), TSimd.Load(x + (2 * width)), c);
            d = TSimd.MultiplyAdd(TFormat.Load(w + (3 * step)), TSimd.Load(x + (3 * width)), d);
        }

        return TSimd.Sum(TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d)));
    }
}
