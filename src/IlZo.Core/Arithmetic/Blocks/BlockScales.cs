using System.Runtime.CompilerServices;
using IlZo.Tensors;

namespace IlZo.Arithmetic.Blocks;

/// <summary>
/// The scales of blocks that have one each, as fp32 numbers apart from the blocks. They are in the unit of codes whose largest magnitude
/// is 8, as those of 4 bits have it, so that a number means the same in all formats: d of Q4_0 and Q4_Z, 127/8 d of Q8_0, 1/8 d of NF4.
/// Taking a stored scale there and back is exact (NF4's from 2⁻¹²³ on).
/// </summary>
internal static unsafe class BlockScales
{
    /// <summary>The largest magnitude of a code, in whose unit scales are.</summary>
    public const float LargestCode = 8;

    /// <summary>Whether blocks of a type have one scale each.</summary>
    public static bool Has(DType type) => type is DType.Q8_0 or DType.Q4_0 or DType.NF4 or DType.Q4_Z;

    /// <summary>What codes of a format are multiplied by.</summary>
    /// <param name="scale">A scale in the common unit.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float OfCodes<TFormat>(float scale)
        where TFormat : struct, IOneScaleFormat => scale * LargestCode / TFormat.LargestCode;

    /// <summary>Reads the scales of a row.</summary>
    /// <param name="type">A type that has them.</param>
    /// <param name="row">The first byte of the row.</param>
    /// <param name="scales">Receives one for each block.</param>
    public static void Read(DType type, byte* row, Span<float> scales)
    {
        switch (type)
        {
            case DType.Q8_0:
                Read<Q8ZeroFormat>(row, scales);
                break;
            case DType.Q4_0:
                Read<Q4ZeroFormat>(row, scales);
                break;
            case DType.NF4:
                Read<NormalFloatFormat>(row, scales);
                break;
            case DType.Q4_Z:
                Read<ZeroPointFormat>(row, scales);
                break;
            default:
                throw WithoutScales(type);
        }
    }

    /// <summary>Stores the scales of a row, rounded to nearest even in the type that the format has for them.</summary>
    /// <param name="type">A type that has them.</param>
    /// <param name="row">The first byte of the row.</param>
    /// <param name="scales">One for each block.</param>
    /// <returns>The first that overflows; −1 where none does.</returns>
    public static int Write(DType type, byte* row, ReadOnlySpan<float> scales) => type switch
    {
        DType.Q8_0 => Write<Q8ZeroFormat>(row, scales),
        DType.Q4_0 => Write<Q4ZeroFormat>(row, scales),
        DType.NF4 => Write<NormalFloatFormat>(row, scales),
        DType.Q4_Z => Write<ZeroPointFormat>(row, scales),
        _ => throw WithoutScales(type),
    };

    private static void Read<TFormat>(byte* row, Span<float> scales)
        where TFormat : struct, IOneScaleFormat
    {
        for (int i = 0; i < scales.Length; i++, row += TFormat.Bytes)
        {
            scales[i] = TFormat.Scale(row) * TFormat.LargestCode / LargestCode;
        }
    }

    private static int Write<TFormat>(byte* row, ReadOnlySpan<float> scales)
        where TFormat : struct, IOneScaleFormat
    {
        int overflow = -1;
        for (int i = scales.Length - 1; i >= 0; i--)
        {
            bool fits = TFormat.TrySetScale(row + ((long)i * TFormat.Bytes), OfCodes<TFormat>(scales[i]));
            overflow = fits ? overflow : i;
        }

        return overflow;
    }

    private static ArgumentOutOfRangeException WithoutScales(DType type) =>
        new(nameof(type), type, "A type whose blocks have one scale each was expected.");
}
