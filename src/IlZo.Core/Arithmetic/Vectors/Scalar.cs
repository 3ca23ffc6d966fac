using System.Runtime.CompilerServices;
using IlZo.Tensors;

namespace IlZo.Arithmetic.Vectors;

/// <summary>One lane: where the processor offers no vectors, one put together in memory is many times slower than a number.</summary>
internal readonly unsafe struct Scalar : ISimd<float>
{
    public static int Width => 1;

    public static int Registers => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(float* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float value, float* destination) => *destination = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Broadcast(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add(float a, float b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Subtract(float a, float b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Multiply(float a, float b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Divide(float a, float b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sqrt(float a) => MathF.Sqrt(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Abs(float a) => MathF.Abs(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float a, float b) => a < b ? b : a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SelectBelow(float a, float b, float below, float otherwise) => a < b ? below : otherwise;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ShiftToExponent(float value) => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) << 23);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FusedMultiplyAdd(float a, float b, float c) => FusedArithmetic.MultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float WidenBFloat16(ushort* source) => BitConverter.UInt32BitsToSingle((uint)*source << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float WidenBytes(sbyte* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float WidenHalf(ushort* source) =>
        BitConverter.UInt32BitsToSingle((uint)((short)*source << 13) & Widening.HalfMask) * Widening.HalfScale;
}
