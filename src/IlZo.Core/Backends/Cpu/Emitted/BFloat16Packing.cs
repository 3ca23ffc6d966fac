using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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

    /// <summary>Packs rows of W that lie as columns: the source is [column of W][row of W].</summary>
    /// <param name="layout">The layout.</param>
    /// <param name="source">Columns, <paramref name="stride"/> floats apart; a multiple of 16 and room for as many rows.</param>
    /// <param name="stride">Floats from one column to the next.</param>
    /// <param name="columns">Columns to pack.</param>
    /// <param name="rows">Rows to pack.</param>
    /// <param name="packed">The first of these columns in the first packed row.</param>
    public static void PackColumns(BFloat16Layout layout, float* source, int stride, int columns, int rows, byte* packed)
    {
        uint* pairs = stackalloc uint[2 * Vector512<float>.Count];
        for (int column = 0; column < columns; column += 2, source += 2 * stride, packed += 2 * sizeof(ushort))
        {
            for (int row = 0; row < rows; row += Vector512<float>.Count)
            {
                var first = Vector512.Load(source + row);
                var second = column + 1 < columns ? Vector512.Load(source + stride + row) : Vector512<float>.Zero;
                var h1 = RoundUpper(first);
                var h2 = RoundUpper(second);
                Pair(h1, h2).Store(pairs);
                Pair(RoundUpper(first - h1.AsSingle()), RoundUpper(second - h2.AsSingle())).Store(pairs + Vector512<float>.Count);
                int count = Math.Min(Vector512<float>.Count, rows - row);
                for (int i = 0; i < count; i++)
                {
                    byte* to = packed + ((long)(row + i) * layout.RowBytes);
                    *(uint*)to = pairs[i];
                    if (layout.IsSplit)
                    {
                        *(uint*)(to + BFloat16Layout.LowRowOffset) = pairs[Vector512<float>.Count + i];
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
                var h1 = RoundUpper(first);
                var h2 = RoundUpper(second);
                byte* to = panel + (lane * sizeof(uint));
                Pair(h1, h2).Store((uint*)to);
                if (layout.IsSplit)
                {
                    Pair(RoundUpper(first - h1.AsSingle()), RoundUpper(second - h2.AsSingle())).Store((uint*)(to + BFloat16Layout.LowPairOffset));
                }
            }
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
