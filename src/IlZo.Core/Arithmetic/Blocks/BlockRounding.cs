using System.Buffers.Binary;
using IlZo.Tensors;

namespace IlZo.Arithmetic.Blocks;

/// <summary>
/// Stores fp32 in blocks: the scale follows from the largest magnitude, and each element takes the level that is nearest once the scale is
/// rounded. ggml divides by the scale before it is rounded, which errs a little more.
/// </summary>
internal static class BlockRounding
{
    /// <summary>Stores a row.</summary>
    /// <param name="type">Q8_0, Q4_0 or NF4.</param>
    /// <param name="row">Finite numbers, a whole number of blocks.</param>
    /// <param name="to">Receives the blocks.</param>
    /// <returns>False where a scale overflows binary16.</returns>
    public static bool TryWrite(DType type, ReadOnlySpan<float> row, Span<byte> to)
    {
        var layout = type.Layout();
        bool fits = true;
        for (int at = 0; at < row.Length; at += layout.BlockElements, to = to[layout.BlockBytes..])
        {
            var block = row.Slice(at, layout.BlockElements);
            fits &= type switch
            {
                DType.Q8_0 => WriteQ8(block, to),
                DType.Q4_0 => WriteQ4(block, to),
                DType.NF4 => WriteNormalFloat(block, to),
                _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Q8_0, Q4_0 or NF4 was expected."),
            };
        }

        return fits;
    }

    private static bool WriteQ8(ReadOnlySpan<float> block, Span<byte> to)
    {
        bool fits = TryScale(Math.Abs(Extreme(block)) / 127, to, out float d);
        for (int i = 0; i < block.Length; i++)
        {
            to[2 + i] = (byte)(sbyte)Level(block[i], d, -127, 127);
        }

        return fits;
    }

    // The sign of d is such that the number of the largest magnitude is the one for which there is no opposite, −8.
    private static bool WriteQ4(ReadOnlySpan<float> block, Span<byte> to)
    {
        bool fits = TryScale(Extreme(block) / -8, to, out float d);
        for (int i = 0; i < 16; i++)
        {
            to[2 + i] = (byte)((Level(block[i], d, -8, 7) + 8) | ((Level(block[i + 16], d, -8, 7) + 8) << 4));
        }

        return fits;
    }

    private static bool WriteNormalFloat(ReadOnlySpan<float> block, Span<byte> to)
    {
        float scale = Math.Abs(Extreme(block));
        BinaryPrimitives.WriteSingleLittleEndian(to, scale);
        for (int i = 0; i < block.Length / 2; i++)
        {
            to[sizeof(float) + i] = (byte)((Nearest(block[2 * i], scale) << 4) | Nearest(block[(2 * i) + 1], scale));
        }

        return true;
    }

    // The element of the largest magnitude.
    private static float Extreme(ReadOnlySpan<float> block)
    {
        float extreme = 0;
        foreach (float x in block)
        {
            extreme = Math.Abs(x) > Math.Abs(extreme) ? x : extreme;
        }

        return extreme;
    }

    // The scale as it will be read.
    private static bool TryScale(float wanted, Span<byte> to, out float d)
    {
        var half = (Half)wanted;
        BinaryPrimitives.WriteHalfLittleEndian(to, half);
        d = (float)half;
        return float.IsFinite(d);
    }

    private static int Level(float x, float d, int least, int most) =>
        d == 0 ? 0 : (int)Math.Clamp(MathF.Round(x / d, MidpointRounding.AwayFromZero), least, most);

    private static int Nearest(float x, float scale)
    {
        var levels = NormalFloatFormat.Levels;
        float wanted = scale == 0 ? 0 : x / scale;
        int nearest = 0;
        for (int i = 1; i < levels.Length; i++)
        {
            nearest = Math.Abs(levels[i] - wanted) < Math.Abs(levels[nearest] - wanted) ? i : nearest;
        }

        return nearest;
    }
}
