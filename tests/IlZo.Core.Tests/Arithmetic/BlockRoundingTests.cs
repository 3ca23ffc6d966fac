using IlZo.Arithmetic.Blocks;
using IlZo.Benchmarks;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Arithmetic;

/// <summary>Weights in blocks: what rounding to them may change, and what reading them gives.</summary>
public sealed unsafe class BlockRoundingTests
{
    public static TheoryData<DType> Rounded => [DType.Q8_0, DType.Q4_0, DType.NF4];

    public static TheoryData<DType> All => [DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K, DType.NF4, DType.Q4_Z];

    [Theory]
    [MemberData(nameof(Rounded))]
    public void An_element_becomes_the_nearest_level_of_its_block(DType type)
    {
        float[] row = Normals(256);
        byte[] stored = Stored(type, row);
        float[] read = Read(type, stored, 0, row.Length);
        int block = type.Layout().BlockElements;
        for (int i = 0; i < row.Length; i++)
        {
            float nearest = Levels(type, stored, i / block).MinBy(level => Math.Abs(level - row[i]));
            Near.Equal(Math.Abs(nearest - row[i]), Math.Abs(read[i] - row[i]), 1e-7);
        }
    }

    [Theory]
    [MemberData(nameof(Rounded))]
    public void What_was_read_from_blocks_is_stored_without_loss(DType type)
    {
        float[] row = Read(type, Stored(type, Normals(256)), 0, 256);
        Assert.Equal(row, Read(type, Stored(type, row), 0, 256));
    }

    [Theory]
    [MemberData(nameof(Rounded))]
    public void Zeros_are_zeros(DType type) =>
        Assert.All(Read(type, Stored(type, new float[256]), 0, 256), x => Assert.Equal(0, x));

    [Theory]
    [InlineData(DType.Q8_0, 127 * 65504f, true)]
    [InlineData(DType.Q8_0, 128 * 65520f, false)]
    [InlineData(DType.Q4_0, 8 * 65504f, true)]
    [InlineData(DType.Q4_0, -9 * 65520f, false)]
    [InlineData(DType.NF4, float.MaxValue, true)]
    public void A_scale_that_overflows_is_told(DType type, float largest, bool fits)
    {
        float[] row = new float[64];
        row[3] = largest;
        Assert.Equal(fits, BlockRounding.TryWrite(type, row, new byte[type.Layout().Bytes(row.Length)]));
    }

    // The halves of a normal distribution between quantiles of equal mass, normalized to [−1, 1]; the levels are 8 above and 7 below zero.
    [Fact]
    public void The_levels_of_NF4_ascend_from_minus_one_over_zero_to_one()
    {
        float[] levels = [.. NormalFloatFormat.Levels];
        Assert.Equal(16, levels.Length);
        Assert.Equal((-1f, 0f, 1f), (levels[0], levels[7], levels[15]));
        Assert.Equal(levels.Order(), levels);

        // Quantiles at 1/2 + k·(offset − 1/2)/8 of the normal distribution, offset = (1 − 1/32 + 1 − 1/30)/2 (appendix E of the paper).
        const double Offset = 0.9677083333333333;
        double largest = Quantile(Offset);
        for (int k = 1; k <= 8; k++)
        {
            Near.Equal(Quantile(0.5 + (k * (Offset - 0.5) / 8)) / largest, levels[7 + k], 1e-6);
        }

        for (int k = 1; k <= 7; k++)
        {
            Near.Equal(-Quantile(0.5 + (k * (Offset - 0.5) / 7)) / largest, levels[7 - k], 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_slice_of_a_row_is_what_the_whole_row_has_there(DType type)
    {
        byte[] stored = new byte[3 * type.Layout().BlockBytes];
        RandomBlocks.Fill(type, stored, 11);
        int elements = 3 * type.Layout().BlockElements;
        float[] whole = Read(type, stored, 0, elements);
        for (int first = 0; first < elements; first += 7)
        {
            int count = Math.Min(1 + (first % 97), elements - first);
            Assert.Equal(whole.AsSpan(first, count).ToArray(), Read(type, stored, first, count));
        }
    }

    private static IEnumerable<float> Levels(DType type, byte[] stored, int block)
    {
        int at = block * type.Layout().BlockBytes;
        if (type == DType.NF4)
        {
            float scale = BitConverter.ToSingle(stored, at);
            return NormalFloatFormat.Levels.ToArray().Select(level => level * scale);
        }

        float d = (float)BitConverter.ToHalf(stored, at);
        return (type == DType.Q8_0 ? Enumerable.Range(-127, 255) : Enumerable.Range(-8, 16)).Select(q => d * q);
    }

    private static byte[] Stored(DType type, float[] row)
    {
        byte[] stored = new byte[type.Layout().Bytes(row.Length)];
        Assert.True(BlockRounding.TryWrite(type, row, stored));
        return stored;
    }

    private static float[] Read(DType type, byte[] stored, int first, int count)
    {
        float[] read = new float[count];
        fixed (byte* from = stored)
        fixed (float* to = read)
        {
            BlockRows.Read(type, from, first, to, count);
        }

        return read;
    }

    private static float[] Normals(int count)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }

    // Bisection of the distribution function.
    private static double Quantile(double p)
    {
        double low = -10, high = 10;
        for (int i = 0; i < 200; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = 0.5 * ErrorFunction.Erfc(-middle / Math.Sqrt(2)) < p ? (middle, high) : (low, middle);
        }

        return low;
    }
}
