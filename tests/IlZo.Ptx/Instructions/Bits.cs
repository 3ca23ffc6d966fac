using System.Runtime.CompilerServices;

namespace IlZo.Ptx.Instructions;

/// <summary>Registers as numbers.</summary>
internal static class Bits
{
    /// <summary>The low bits of a register.</summary>
    public static T To<T>(ulong register)
        where T : unmanaged => Unsafe.As<ulong, T>(ref register);

    /// <summary>A number with zeros above it.</summary>
    public static ulong Of<T>(T value)
        where T : unmanaged
    {
        ulong register = 0;
        Unsafe.As<ulong, T>(ref register) = value;
        return register;
    }

    /// <summary>The low bits of a lane of a row of registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(ref ulong row, int lane)
        where T : unmanaged => Unsafe.As<ulong, T>(ref Unsafe.Add(ref row, lane));

    /// <summary>Sets a lane of a row of registers to a number with zeros above it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(ref ulong row, int lane, T value)
        where T : unmanaged
    {
        ref ulong register = ref Unsafe.Add(ref row, lane);
        register = 0;
        Unsafe.As<ulong, T>(ref register) = value;
    }

    /// <summary>fp32 as its upper half, a number in bfloat16.</summary>
    public static float OfBFloat16(uint bits) => BitConverter.UInt32BitsToSingle(bits << 16);

    public static float OfHalf(uint bits) => (float)BitConverter.UInt16BitsToHalf((ushort)bits);

    /// <summary>To the nearest bfloat16, ties to even; NaN is 0x7FFF as in PTX.</summary>
    public static uint ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? 0x7FFF : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    }

    /// <summary>To the nearest fp16, ties to even; NaN is 0x7FFF as in PTX.</summary>
    public static uint ToHalf(float value) => float.IsNaN(value) ? 0x7FFFu : BitConverter.HalfToUInt16Bits((Half)value);

    /// <summary>To the nearest fp16 that is not larger in magnitude; NaN is 0x7FFF as in PTX.</summary>
    public static uint ToHalfTowardZero(float value)
    {
        uint nearest = ToHalf(value);
        return MathF.Abs(OfHalf(nearest)) > MathF.Abs(value) ? nearest - 1 : nearest;
    }
}
