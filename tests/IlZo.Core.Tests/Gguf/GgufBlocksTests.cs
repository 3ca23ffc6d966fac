using IlZo.Arithmetic;
using IlZo.Gguf;
using Xunit;

namespace IlZo.Core.Tests.Gguf;

/// <summary>Blocks of numbers, against the definitions of the format written down number by number.</summary>
public sealed class GgufBlocksTests
{
    [Fact]
    public void Q8_0_is_a_scale_times_signed_bytes()
    {
        byte[] block = Block(34, 0, 0.5f);
        float[] numbers = Decode(8, block, 32);
        for (int i = 0; i < 32; i++)
        {
            Assert.Equal(0.5f * (sbyte)block[2 + i], numbers[i]);
        }
    }

    [Fact]
    public void Q4_0_has_the_lower_halves_of_its_bytes_first()
    {
        byte[] block = Block(18, 0, -0.25f);
        float[] numbers = Decode(2, block, 32);
        for (int i = 0; i < 32; i++)
        {
            int nibble = i < 16 ? block[2 + i] % 16 : block[2 + i - 16] / 16;
            Assert.Equal(-0.25f * (nibble - 8), numbers[i]);
        }
    }

    [Fact]
    public void Q4_K_has_a_scale_and_an_offset_of_six_bits_for_each_32()
    {
        byte[] block = Block(144, 0, 0.125f);
        BitConverter.TryWriteBytes(block.AsSpan(2), (Half)0.0625f);
        float[] numbers = Decode(12, block, 256);
        for (int i = 0; i < 256; i++)
        {
            // get_scale_min_k4 and dequantize_row_q4_K of ggml-quants.c.
            int j = i / 32;
            byte[] q = block[4..16];
            int scale = j < 4 ? q[j] & 63 : (q[j + 4] & 0xF) | ((q[j - 4] >> 6) << 4);
            int least = j < 4 ? q[j + 4] & 63 : (q[j + 4] >> 4) | ((q[j] >> 6) << 4);
            byte pair = block[16 + (32 * (i / 64)) + (i % 32)];
            int nibble = i % 64 < 32 ? pair & 0xF : pair >> 4;
            Assert.Equal((0.125f * scale * nibble) - (0.0625f * least), numbers[i]);
        }
    }

    [Fact]
    public void Q6_K_has_four_bits_in_one_place_and_two_in_another()
    {
        byte[] block = Block(210, 208, 0.5f);
        float[] numbers = Decode(14, block, 256);
        for (int n = 0; n < 2; n++)
        {
            // dequantize_row_q6_K: four numbers of each l.
            for (int l = 0; l < 32; l++)
            {
                byte a = block[(64 * n) + l];
                byte b = block[(64 * n) + l + 32];
                byte high = block[128 + (32 * n) + l];
                int[] q =
                [
                    ((a & 0xF) | (((high >> 0) & 3) << 4)) - 32, ((b & 0xF) | (((high >> 2) & 3) << 4)) - 32,
                    ((a >> 4) | (((high >> 4) & 3) << 4)) - 32, ((b >> 4) | (((high >> 6) & 3) << 4)) - 32,
                ];
                for (int k = 0; k < 4; k++)
                {
                    int scale = (sbyte)block[192 + (8 * n) + (l / 16) + (2 * k)];
                    Assert.Equal(0.5f * scale * q[k], numbers[(128 * n) + (32 * k) + l]);
                }
            }
        }
    }

    [Theory]
    [InlineData(0, new byte[] { 0, 0, 0x40, 0xC0 }, -3f)]
    [InlineData(1, new byte[] { 0, 0xC2 }, -3f)]
    [InlineData(30, new byte[] { 0x40, 0xC0 }, -3f)]
    public void Numbers_without_blocks_are_those_of_their_type(uint code, byte[] bytes, float expected) =>
        Assert.Equal([expected], Decode(code, bytes, 1));

    [Fact]
    public void What_is_written_in_blocks_is_read_within_half_a_step()
    {
        float[] row = [.. Enumerable.Range(0, 64).Select(i => MathF.Sin(i) * (1 + (i / 32)))];
        byte[] bytes = new byte[68];
        GgufEncoding.Encode(GgufType.Q8_0, row, bytes, "x");
        float[] back = Decode(8, bytes, 64);
        for (int i = 0; i < row.Length; i++)
        {
            float largest = row.AsSpan(i / 32 * 32, 32).ToArray().Max(MathF.Abs);

            // Half a step, and the rounding of the scale to binary16.
            Near.Equal(row[i], back[i], (largest / 127 / 2) + (largest / 2048));
        }
    }

    private static byte[] Block(int bytes, int scaleAt, float scale)
    {
        byte[] block = new byte[bytes];
        new Random(5).NextBytes(block);
        BitConverter.TryWriteBytes(block.AsSpan(scaleAt), (Half)scale);
        return block;
    }

    private static unsafe float[] Decode(uint code, byte[] bytes, int numbers)
    {
        float[] decoded = new float[numbers];
        fixed (byte* from = bytes)
        fixed (float* to = decoded)
        {
            Widening.Read(GgufBlocks.Find(code)!.Value, from, 0, to, numbers);
        }

        return decoded;
    }
}
