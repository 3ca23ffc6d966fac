using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

public unsafe class WideningTests
{
    [Fact]
    public void All_finite_halves_are_widened_exactly()
    {
        ushort[] stored =
            [.. Enumerable.Range(0, 65536).Select(i => (ushort)i).Where(h => Half.IsFinite(BitConverter.UInt16BitsToHalf(h)))];
        Assert.Equal(stored.Select(h => (float)BitConverter.UInt16BitsToHalf(h)), Read(DType.F16, stored));
    }

    [Fact]
    public void All_bfloat16_numbers_are_widened_exactly()
    {
        ushort[] stored = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        Assert.Equal(
            stored.Select(b => (uint)b << 16),
            Read(DType.BF16, stored).Select(BitConverter.SingleToUInt32Bits));
    }

    private static float[] Read(DType type, ushort[] stored)
    {
        float[] result = new float[stored.Length];
        fixed (ushort* from = stored)
        fixed (float* to = result)
        {
            Widening.Read(type, (byte*)from, to, stored.Length);
        }

        return result;
    }
}
