using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Arithmetic.Blocks;

/// <summary>What the formats are made of.</summary>
internal static unsafe class BlockParts
{
    /// <summary>A binary16 as fp32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(byte* source) => (float)BitConverter.UInt16BitsToHalf(Unsafe.ReadUnaligned<ushort>(source));

    /// <summary>Stores a binary16, rounded to nearest even.</summary>
    /// <returns>False where it overflows.</returns>
    public static bool TrySetHalf(byte* target, float value)
    {
        var half = (System.Half)value;
        Unsafe.WriteUnaligned(target, BitConverter.HalfToUInt16Bits(half));
        return float.IsFinite((float)half);
    }

    /// <summary>to = scale · q for whole vectors of signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale<TVector, TSimd>(sbyte* q, int count, float scale, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var factor = TSimd.Broadcast(scale);
        for (int i = 0; i < count; i += TSimd.Width)
        {
            TSimd.Store(TSimd.Multiply(TSimd.WidenBytes(q + i), factor), to + i);
        }
    }

    /// <summary>The lower halves of 16 bytes, then the upper ones, each less a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Halves(byte* source, int less, sbyte* q)
    {
        var bytes = Vector128.Load(source);
        var offset = Vector128.Create((byte)less);
        ((bytes & Vector128.Create((byte)15)) - offset).Store((byte*)q);
        ((bytes >>> 4) - offset).Store((byte*)q + 16);
    }
}
