using IlZo.Arithmetic.Blocks;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Arithmetic;

/// <summary>Blocks with a scale and a zero, against w = d(q − z) written down number by number.</summary>
public sealed unsafe class ZeroPointFormatTests
{
    [Fact]
    public void A_block_known_by_heart()
    {
        // d = 0.5, z = 3, elements 0 to 15 are 0 to 15 and the others 15 to 0.
        byte[] block = Convert.FromHexString("003803F0E1D2C3B4A5968778695A4B3C2D1E0F");
        float[] numbers = Read(block);
        Assert.Equal([-1.5f, -1, -0.5f, 0, 0.5f, 1, 1.5f, 2, 2.5f, 3, 3.5f, 4, 4.5f, 5, 5.5f, 6], numbers[..16]);
        Assert.Equal(numbers[..16].Reverse(), numbers[16..]);
        byte[] written = new byte[19];
        byte[] codes = [.. Enumerable.Range(0, 16).Concat(Enumerable.Range(0, 16).Reverse()).Select(q => (byte)q)];
        ZeroPointFormat.Write((Half)0.5f, 3, codes, written);
        Assert.Equal(block, written);
    }

    // Every scale of fp16, with every code and zero: the product is exact.
    [Fact]
    public void Every_number_is_exact()
    {
        byte[] block = new byte[19];
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            var half = BitConverter.UInt16BitsToHalf((ushort)bits);
            if (!Half.IsFinite(half))
            {
                continue;
            }

            int zero = bits % 16;
            byte[] codes = [.. Enumerable.Range(0, 32).Select(i => (byte)((i + bits) % 16))];
            ZeroPointFormat.Write(half, zero, codes, block);
            float[] numbers = Read(block);
            for (int i = 0; i < 32; i++)
            {
                Assert.Equal((double)half * (codes[i] - zero), numbers[i]);
            }
        }
    }

    // No file should have such zeros; what they mean is settled all the same.
    [Theory]
    [InlineData(128, 0, -128)]
    [InlineData(128, 15, -113)]
    [InlineData(129, 0, 127)]
    [InlineData(255, 0, 1)]
    [InlineData(255, 15, 16)]
    public void Codes_less_zero_are_signed_bytes(byte zero, byte code, float expected)
    {
        byte[] block = [0x00, 0x3C, zero, .. Enumerable.Repeat((byte)(code * 17), 16)];
        Assert.All(Read(block), number => Assert.Equal(expected, number));
    }

    private static float[] Read(byte[] block)
    {
        float[] read = new float[32];
        fixed (byte* b = block)
        fixed (float* to = read)
        {
            BlockRows.Read(DType.Q4_Z, b, 0, to, read.Length);
        }

        return read;
    }
}
