using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using IlZo.Tensors;

namespace IlZo.Arithmetic;

/// <summary>
/// A format of 16 bits that <see cref="StochasticRounding"/> rounds to. Here results stay fp32: a weight that is changed again does not
/// have to be widened.
/// </summary>
internal interface IRoundedFormat
{
    /// <summary>Rounds one number.</summary>
    static abstract float Round(float value, ushort random);

    /// <summary>Rounds 16 numbers by 16 random bits each, which are the lower halves of words without upper ones.</summary>
    static abstract Vector512<float> Round(Vector512<float> values, Vector512<uint> random);
}

/// <summary>bfloat16.</summary>
internal readonly struct RoundedBFloat16 : IRoundedFormat
{
    public static float Round(float value, ushort random) =>
        BitConverter.UInt32BitsToSingle((uint)StochasticRounding.Round(DType.BF16, value, random) << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Round(Vector512<float> values, Vector512<uint> random)
    {
        var bits = values.AsUInt32();
        var sign = bits & Vector512.Create(0x80000000u);
        var sum = Vector512.Min(
            (bits & Vector512.Create(0x7FFFFFFFu)) + random, Vector512.Create(StochasticRounding.BeyondBFloat16 - 1));
        return (sign | (sum & Vector512.Create(0xFFFF0000u))).AsSingle();
    }
}

/// <summary>binary16.</summary>
internal readonly struct RoundedHalf : IRoundedFormat
{
    public static float Round(float value, ushort random) =>
        (float)BitConverter.UInt16BitsToHalf(StochasticRounding.Round(DType.F16, value, random));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Round(Vector512<float> values, Vector512<uint> random)
    {
        var bits = values.AsUInt32();
        var sign = bits & Vector512.Create(0x80000000u);
        var magnitude = bits & Vector512.Create(0x7FFFFFFFu);
        var fraction = random & Vector512.Create(0x1FFFu);
        var rounded = Vector512.Min(magnitude + fraction, Vector512.Create(StochasticRounding.BeyondHalf - 1))
            & Vector512.Create(0xFFFFE000u);
        var smallest = Vector512.Create(StochasticRounding.SmallestNormalHalf);

        // Few weights are that small.
        return Vector512.LessThanAny(magnitude, smallest)
            ? (sign | Vector512.ConditionalSelect(Vector512.LessThan(magnitude, smallest), Subnormal(magnitude, fraction), rounded))
                .AsSingle()
            : (sign | rounded).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Subnormal(Vector512<uint> magnitude, Vector512<uint> fraction) =>
        (Vector512.ConvertToSingle(StochasticRounding.Steps(magnitude, fraction)) * Vector512.Create(1f / 16777216)).AsUInt32();
}
