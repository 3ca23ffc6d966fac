using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using IlZo.Tensors;

namespace IlZo.Arithmetic;

/// <summary>
/// Rounds fp32 to 16 bits, up or down at random in proportion to the distance, so that the expected result is the value itself:
/// updates far below the spacing of the format are not lost. What the format represents exactly stays as it is.
/// </summary>
/// <remarks>
/// Random bits are added below the last kept bit and the sum is cut off: 16 bits for bfloat16, 13 for binary16. Below 2⁻¹⁴, where
/// binary16 has the fixed spacing 2⁻²⁴, the value is scaled by 2²⁴ and 13 random fraction bits are added instead. Results beyond the
/// largest finite number become that number.
/// </remarks>
internal static unsafe class StochasticRounding
{
    /// <summary>The bits of 2⁻¹⁴ in fp32.</summary>
    internal const uint SmallestNormalHalf = 0x38800000;

    /// <summary>Those of 2¹⁶, the first power of two that binary16 does not have.</summary>
    internal const uint BeyondHalf = 0x47800000;

    /// <summary>Those of infinity.</summary>
    internal const uint BeyondBFloat16 = 0x7F800000;

    /// <summary>Rounds one number: the definition that <see cref="Write"/> repeats, in functions that GPU kernels have too.</summary>
    public static ushort Round(DType type, float value, ushort random)
    {
        uint bits = (uint)BitConverter.SingleToInt32Bits(value);
        uint sign = (bits >> 16) & 0x8000;
        uint magnitude = bits & 0x7FFFFFFF;
        if (type == DType.BF16)
        {
            return (ushort)(sign | (Math.Min(magnitude + random, BeyondBFloat16 - 1) >> 16));
        }

        uint fraction = random & 0x1FFFu;
        if (magnitude < SmallestNormalHalf)
        {
            float scaled = (BitConverter.Int32BitsToSingle((int)magnitude) * 16777216f) + ((int)fraction * (1f / 8192));
            return (ushort)(sign | (uint)scaled);
        }

        return (ushort)(sign | ((Math.Min(magnitude + fraction, BeyondHalf - 1) - 0x38000000) >> 13));
    }

    /// <summary>Stores a slice of numbers that the type represents exactly.</summary>
    public static void Store(DType type, float* values, ushort* destination, int count)
    {
        int i = 0;
        for (; i <= count - 16; i += 16)
        {
            Narrow(Round(type, Vector512.Load(values + i), Vector512<uint>.Zero)).Store(destination + i);
        }

        for (; i < count; i++)
        {
            destination[i] = Round(type, values[i], 0);
        }
    }

    /// <summary>Rounds a slice and stores it.</summary>
    public static void Write(DType type, float* values, ushort* random, ushort* destination, int count)
    {
        int i = 0;
        for (; i <= count - 16; i += 16)
        {
            var (lower, upper) = Vector256.Widen(Vector256.Load(random + i));
            Narrow(Round(type, Vector512.Load(values + i), Vector512.Create(lower, upper))).Store(destination + i);
        }

        for (; i < count; i++)
        {
            destination[i] = Round(type, values[i], random[i]);
        }
    }

    /// <summary>How many steps of 2⁻²⁴ a magnitude below 2⁻¹⁴ becomes by 13 random bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<int> Steps(Vector512<uint> magnitude, Vector512<uint> fraction)
    {
        var scaled = (magnitude.AsSingle() * Vector512.Create(16777216f))
            + (Vector512.ConvertToSingle(fraction.AsInt32()) * Vector512.Create(1f / 8192));

        // What processors make of large numbers differs, and is not used.
        return Vector512.ConvertToInt32Native(scaled);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Round(DType type, Vector512<float> values, Vector512<uint> noise)
    {
        var bits = values.AsUInt32();
        var sign = (bits >> 16) & Vector512.Create(0x8000u);
        var magnitude = bits & Vector512.Create(0x7FFFFFFFu);
        if (type == DType.BF16)
        {
            return sign | (Vector512.Min(magnitude + noise, Vector512.Create(BeyondBFloat16 - 1)) >> 16);
        }

        var fraction = noise & Vector512.Create(0x1FFFu);
        var normal = (Vector512.Min(magnitude + fraction, Vector512.Create(BeyondHalf - 1)) - Vector512.Create(0x38000000u)) >> 13;
        var isSubnormal = Vector512.LessThan(magnitude, Vector512.Create(SmallestNormalHalf));
        return sign | Vector512.ConditionalSelect(isSubnormal, Steps(magnitude, fraction).AsUInt32(), normal);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Narrow(Vector512<uint> values) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector256UInt16(values)
        : Vector256.Narrow(values.GetLower(), values.GetUpper());
}
