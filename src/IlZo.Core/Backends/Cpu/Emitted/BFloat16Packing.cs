using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>Rounds fp32 to bfloat16, to nearest with ties to even, into the operands of <see cref="BFloat16Layout"/>.</summary>
internal static unsafe class BFloat16Packing
{
    private const uint UpperHalf = 0xFFFF0000;

    /// <summary>The bits of the nearest bfloat16 number; x is not a NaN.</summary>
    public static ushort Round(float x)
    {
        uint bits = BitConverter.SingleToUInt32Bits(x);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>What bfloat16 bits stand for.</summary>
    public static float Widen(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Packs a part of a row of W, and its low halves where the layout has them.</summary>
    public static void PackRow(BFloat16Layout layout, float* source, int count, byte* row)
    {
        ushort* high = (ushort*)row;
        ushort* low = (ushort*)(row + BFloat16Layout.LowRowOffset);
        int i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var x = Vector512.Load(source + i);
            var h = RoundUpper(x);
            Narrow(h).Store(high + i);
            if (layout.IsSplit)
            {
                Narrow(RoundUpper(x - h.AsSingle())).Store(low + i);
            }
        }

        for (; i < count; i++)
        {
            high[i] = Round(source[i]);
            if (layout.IsSplit)
            {
                low[i] = Round(source[i] - Widen(high[i]));
            }
        }
    }

    /// <summary>
    /// Packs rows of W that lie as columns: the source is [column of W][row of W]. Columns are padded with zeros to a multiple of 16.
    /// </summary>
    /// <param name="layout">The layout.</param>
    /// <param name="source">Columns, <paramref name="stride"/> floats apart; a multiple of 16 and room for as many rows.</param>
    /// <param name="stride">Floats from one column to the next.</param>
    /// <param name="columns">Columns to pack.</param>
    /// <param name="rows">Rows to pack.</param>
    /// <param name="packed">The first of these columns in the first packed row.</param>
    public static void PackColumns(BFloat16Layout layout, float* source, int stride, int columns, int rows, byte* packed)
    {
        const int width = 2 * PairTransposition.Size;
        uint* high = stackalloc uint[2 * PairTransposition.Size * Vector512<uint>.Count];
        uint* low = high + (PairTransposition.Size * Vector512<uint>.Count);
        for (int column = 0; column < columns; column += width, source += width * stride, packed += width * sizeof(ushort))
        {
            for (int row = 0; row < rows; row += Vector512<float>.Count)
            {
                RoundPairs(source + row, stride, columns - column, high, low);
                for (int part = row; part < Math.Min(rows, row + Vector512<float>.Count); part += PairTransposition.Size)
                {
                    int count = Math.Min(PairTransposition.Size, rows - part);
                    byte* to = packed + ((long)part * layout.RowBytes);
                    StoreRows(high + part - row, count, to, layout.RowBytes);
                    if (layout.IsSplit)
                    {
                        StoreRows(low + part - row, count, to + BFloat16Layout.LowRowOffset, layout.RowBytes);
                    }
                }
            }
        }
    }

    /// <summary>Packs a panel [feature][32 tokens] of X; features are padded with zeros to whole groups.</summary>
    public static void PackPanel(BFloat16Layout layout, float* source, int features, byte* panel)
    {
        int pairs = BFloat16Layout.PaddedColumns(features) / 2;
        for (int pair = 0; pair < pairs; pair++, source += 2 * Panel.Lanes, panel += layout.PairBytes)
        {
            for (int lane = 0; lane < Panel.Lanes; lane += Vector512<float>.Count)
            {
                var first = 2 * pair < features ? Vector512.Load(source + lane) : Vector512<float>.Zero;
                var second = (2 * pair) + 1 < features ? Vector512.Load(source + Panel.Lanes + lane) : Vector512<float>.Zero;
                StorePair(layout, first, second, panel + (lane * sizeof(uint)));
            }
        }
    }

    /// <summary>Packs the exponentials of scores as a panel, as <see cref="PackPanel"/> does with what lies there.</summary>
    /// <param name="layout">The layout.</param>
    /// <param name="scores">[key][32 queries].</param>
    /// <param name="largest">What is taken from the scores of each query first, at least the largest of them.</param>
    /// <param name="keys">Keys to pack.</param>
    /// <param name="sums">What each query's exponentials are added to, in the order of keys.</param>
    /// <param name="panel">The packed panel.</param>
    public static void PackExponentials(BFloat16Layout layout, float* scores, float* largest, int keys, float* sums, byte* panel)
    {
        int pairs = BFloat16Layout.PaddedColumns(keys) / 2;
        for (int lane = 0; lane < Panel.Lanes; lane += Vector512<float>.Count)
        {
            var shift = Vector512.Load(largest + lane);
            var sum = Vector512.Load(sums + lane);
            float* from = scores + lane;
            byte* to = panel + (lane * sizeof(uint));
            for (int pair = 0; pair < pairs; pair++, from += 2 * Panel.Lanes, to += layout.PairBytes)
            {
                var first = 2 * pair < keys
                    ? Exponential<Vector512<float>, Simd512>.OfNonPositive(Vector512.Load(from) - shift)
                    : Vector512<float>.Zero;
                var second = (2 * pair) + 1 < keys
                    ? Exponential<Vector512<float>, Simd512>.OfNonPositive(Vector512.Load(from + Panel.Lanes) - shift)
                    : Vector512<float>.Zero;
                sum = sum + first + second;
                StorePair(layout, first, second, to);
            }

            sum.Store(sums + lane);
        }
    }

    // One pair of features, sixteen tokens.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(BFloat16Layout layout, Vector512<float> first, Vector512<float> second, byte* to)
    {
        var h1 = RoundUpper(first);
        var h2 = RoundUpper(second);
        Pair(h1, h2).Store((uint*)to);
        if (layout.IsSplit)
        {
            Pair(RoundUpper(first - h1.AsSingle()), RoundUpper(second - h2.AsSingle())).Store((uint*)(to + BFloat16Layout.LowPairOffset));
        }
    }

    // Both halves of eight pairs of columns, sixteen rows of each; zeros where there is no column.
    private static void RoundPairs(float* source, int stride, int columns, uint* high, uint* low)
    {
        for (int column = 0; column < 2 * PairTransposition.Size; column += 2, source += 2 * stride)
        {
            var first = column < columns ? Vector512.Load(source) : Vector512<float>.Zero;
            var second = column + 1 < columns ? Vector512.Load(source + stride) : Vector512<float>.Zero;
            var h1 = RoundUpper(first);
            var h2 = RoundUpper(second);
            Pair(h1, h2).Store(high);
            Pair(RoundUpper(first - h1.AsSingle()), RoundUpper(second - h2.AsSingle())).Store(low);
            high += Vector512<uint>.Count;
            low += Vector512<uint>.Count;
        }
    }

    private static void StoreRows(uint* pairs, int count, byte* to, int rowBytes)
    {
        uint* turned = stackalloc uint[PairTransposition.Size * PairTransposition.Size];
        PairTransposition.Turn(pairs, Vector512<uint>.Count, turned);
        for (int i = 0; i < count; i++, turned += PairTransposition.Size, to += rowBytes)
        {
            Vector256.Load(turned).Store((uint*)to);
        }
    }

    // The nearest bfloat16 number as the binary32 it is the upper half of. The NaN that arithmetic makes has no low bits, and stays one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> RoundUpper(Vector512<float> x)
    {
        var bits = x.AsUInt32();
        return (bits + Vector512.Create(0x7FFFu) + ((bits >> 16) & Vector512<uint>.One)) & Vector512.Create(UpperHalf);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Pair(Vector512<uint> first, Vector512<uint> second) => (first >> 16) | second;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Narrow(Vector512<uint> upper)
    {
        var bits = upper >> 16;
        return Vector256.Narrow(bits.GetLower(), bits.GetUpper());
    }
}
