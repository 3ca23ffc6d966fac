using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using IlZo.Arithmetic.Vectors;
using IlZo.Tensors;

namespace IlZo.Benchmarks;

/// <summary>What one core of this machine can do at best, measured now: machines are shared and clocks move.</summary>
internal static unsafe class MachinePeak
{
    private const int Rounds = 20_000;
    private const int Depth = 64;

    /// <summary>
    /// Fused multiply-adds of one core in GFLOP/s: the micro-kernel's instruction mix on registers alone, two floating-point
    /// operations each.
    /// </summary>
    public static double FmaGigaflops()
    {
        double best = 0;
        for (int repeat = 0; repeat < 5; repeat++)
        {
            long start = Stopwatch.GetTimestamp();
            double flops = 0;
            VectorWidth.Use(new FmaWork(&flops));
            best = Math.Max(best, flops / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return best;
    }

    /// <summary>Reading memory that no cache holds, one core, in GB/s.</summary>
    public static double ReadGigabytes() => ReadGigabytes(256L << 20, repeats: 3);

    /// <summary>Reading some bytes again and again, one core, in GB/s: from the nearest memory that holds them all.</summary>
    /// <param name="bytes">How many, a multiple of 256.</param>
    /// <param name="repeats">How often they are read at least.</param>
    public static double ReadGigabytes(long bytes, int repeats)
    {
        using var buffer = new NativeBuffer(bytes);

        // Pages that were never written are one and the same page, which a cache holds.
        new Span<byte>(buffer.Data, checked((int)bytes)).Fill(1);
        double best = 0;
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            long start = Stopwatch.GetTimestamp();
            var sum = ReadAll((long*)buffer.Data, bytes / sizeof(long));

            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            best = Math.Max(best, Vector512.Sum(sum) == 1 ? 0 : bytes / seconds / 1e9);
        }

        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector512<long> ReadAll(long* data, long count)
    {
        var sum = Vector512<long>.Zero;
        for (long* end = data + count; data < end; data += 32)
        {
            sum += (Vector512.Load(data) ^ Vector512.Load(data + 8)) + (Vector512.Load(data + 16) ^ Vector512.Load(data + 24));
        }

        return sum;
    }

    // Adds the operations it does.
    private readonly struct FmaWork(double* flops) : IVectorWork
    {
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector> =>
            *flops += Loop<TVector, TSimd>();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Loop<TVector, TSimd>()
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        float* memory = stackalloc float[16];
        var x = TSimd.Broadcast(1e-9f);
        var y = TSimd.Broadcast(0.5f);
        TVector a0 = x, a1 = x, a2 = x, a3 = x, a4 = x, a5 = x, a6 = x, a7 = x, a8 = x, a9 = x;
        for (int i = 0; i < Rounds * Depth; i++)
        {
            a0 = TSimd.FusedMultiplyAdd(a0, y, x);
            a1 = TSimd.FusedMultiplyAdd(a1, y, x);
            a2 = TSimd.FusedMultiplyAdd(a2, y, x);
            a3 = TSimd.FusedMultiplyAdd(a3, y, x);
            a4 = TSimd.FusedMultiplyAdd(a4, y, x);
            a5 = TSimd.FusedMultiplyAdd(a5, y, x);
            a6 = TSimd.FusedMultiplyAdd(a6, y, x);
            a7 = TSimd.FusedMultiplyAdd(a7, y, x);
            a8 = TSimd.FusedMultiplyAdd(a8, y, x);
            a9 = TSimd.FusedMultiplyAdd(a9, y, x);
        }

        // Stored one by one: taking them into a span would keep them in memory all the time.
        TSimd.Store(a0, memory);
        TSimd.Store(a1, memory);
        TSimd.Store(a2, memory);
        TSimd.Store(a3, memory);
        TSimd.Store(a4, memory);
        TSimd.Store(a5, memory);
        TSimd.Store(a6, memory);
        TSimd.Store(a7, memory);
        TSimd.Store(a8, memory);
        TSimd.Store(a9, memory);

        return 2.0 * TSimd.Width * 10 * Rounds * Depth;
    }
}
