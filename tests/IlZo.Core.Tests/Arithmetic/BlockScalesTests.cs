using IlZo.Arithmetic.Blocks;
using IlZo.Benchmarks;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Arithmetic;

/// <summary>The scales of blocks apart from the blocks.</summary>
public sealed unsafe class BlockScalesTests
{
    public static TheoryData<DType> Types => [DType.Q8_0, DType.Q4_0, DType.NF4, DType.Q4_Z];

    [Fact]
    public void Every_scale_in_fp16_goes_there_and_back()
    {
        byte[] q8 = new byte[34];
        byte[] q4 = new byte[18];
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            var half = BitConverter.UInt16BitsToHalf((ushort)bits);
            if (!Half.IsFinite(half))
            {
                continue;
            }

            BitConverter.TryWriteBytes(q8, half);
            BitConverter.TryWriteBytes(q4, half);
            float[] eight = Scales(DType.Q8_0, q8);
            float[] four = Scales(DType.Q4_0, q4);
            Assert.Equal(127 / 8.0 * (double)half, eight[0]);
            Assert.Equal((float)half, four[0]);
            Assert.Equal((float)half, BlockScales.OfCodes<Q8ZeroFormat>(eight[0]));
            Assert.Equal((float)half, BlockScales.OfCodes<Q4ZeroFormat>(four[0]));
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(9.403955e-38f)]
    [InlineData(0.12345679f)]
    [InlineData(float.MaxValue)]
    public void A_scale_in_fp32_goes_there_and_back(float scale)
    {
        byte[] block = new byte[36];
        BitConverter.TryWriteBytes(block, scale);
        float[] scales = Scales(DType.NF4, block);
        Assert.Equal(scale / 8, scales[0]);
        Assert.Equal(scale, BlockScales.OfCodes<NormalFloatFormat>(scales[0]));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Rows_with_their_own_scales_are_as_they_are_and_with_others_codes_times_those(DType type)
    {
        const int Columns = 256;
        byte[] row = new byte[type.Layout().Bytes(Columns)];
        RandomBlocks.Fill(type, row, 5);
        float[] scales = Scales(type, row);
        Assert.Equal(Columns / type.Layout().BlockElements, scales.Length);
        Assert.Equal(Read(type, row, null, 0, Columns), Read(type, row, scales, 0, Columns));

        // With a scale of one level in the common unit an element is its code, whose largest magnitude is 8; 15 where zero is at an end.
        float largest = type switch { DType.Q8_0 => 127, DType.Q4_0 or DType.Q4_Z => 8, _ => 1 };
        float[] codes = Read(type, row, [.. scales.Select(_ => largest / 8)], 0, Columns);
        Assert.InRange(codes.Max(Math.Abs), 0.5f * largest, type == DType.Q4_Z ? 15 : largest);
        float[] others = [.. scales.Select((_, i) => 0.01f * (i - 2.5f))];
        float[] read = Read(type, row, others, 0, Columns);
        for (int i = 0; i < Columns; i++)
        {
            Assert.Equal(others[i / type.Layout().BlockElements] * 8 / largest * codes[i], read[i]);
        }

        // Any part of a row is that part.
        Assert.Equal(read[13..(13 + 100)], Read(type, row, others, 13, 100));
    }

    [Theory]
    [InlineData(DType.Q8_0, 127 / 8f * 65504f, 127 / 8f * 65520f)]
    [InlineData(DType.Q4_0, -65504f, -65520f)]
    [InlineData(DType.Q4_Z, 65504f, 65520f)]
    public void Stored_scales_are_rounded_to_nearest_and_the_first_that_overflows_is_told(DType type, float largest, float overflow)
    {
        byte[] row = new byte[type.Layout().Bytes(96)];
        float unit = type == DType.Q8_0 ? 127 / 8f : 1;
        fixed (byte* r = row)
        {
            Assert.Equal(-1, BlockScales.Write(type, r, [unit * 1.0004f, unit * -1.0006f, largest]));
            float[] stored = new float[3];
            BlockScales.Read(type, r, stored);
            Assert.Equal([unit, unit * -(1 + (1 / 1024f)), largest], stored);
            Assert.Equal(1, BlockScales.Write(type, r, [0, overflow, float.PositiveInfinity]));
        }
    }

    [Fact]
    public void Other_formats_have_none()
    {
        Assert.DoesNotContain(Enum.GetValues<DType>(), t => BlockScales.Has(t) != Types.Any(row => row.Data == t));
        Assert.Throws<ArgumentOutOfRangeException>(() => Scales(DType.Q4_K, new byte[144]));
    }

    private static float[] Scales(DType type, byte[] row)
    {
        float[] scales = new float[row.Length / type.Layout().BlockBytes];
        fixed (byte* r = row)
        {
            BlockScales.Read(type, r, scales);
        }

        return scales;
    }

    private static float[] Read(DType type, byte[] row, float[]? scales, int column, int count)
    {
        float[] read = new float[count];
        fixed (byte* r = row)
        fixed (float* s = scales)
        fixed (float* to = read)
        {
            if (scales is null)
            {
                BlockRows.Read(type, r, column, to, count);
            }
            else
            {
                BlockRows.Read(type, r, s, column, to, count);
            }
        }

        return read;
    }
}
