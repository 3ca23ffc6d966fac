using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Machine;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends.Emitted;

public unsafe class HalfWideningTests
{
    [Fact]
    public void VCVTPH2PS_gives_the_bits_of_Widening_for_all_finite_halves()
    {
        Assert.SkipUnless(CpuFeatures.HasHalfConversion, "The processor has no VCVTPH2PS on 512 bits.");
        using var code = CodeMemory.Create(HalfWideningKernel.Emit());
        Assert.NotNull(code);
        ushort[] stored =
            [.. Enumerable.Range(0, 65536).Select(i => (ushort)i).Where(h => Half.IsFinite(BitConverter.UInt16BitsToHalf(h)))];
        Assert.Equal(0, stored.Length % HalfWideningKernel.Group);
        float[] expected = new float[stored.Length];
        float[] actual = new float[stored.Length];
        fixed (ushort* from = stored)
        fixed (float* e = expected, a = actual)
        {
            Widening.Read(DType.F16, (byte*)from, e, stored.Length);
            var arguments = new HalfWideningKernel.Arguments { Source = from, Destination = a, Count = stored.Length };
            ((delegate* unmanaged<HalfWideningKernel.Arguments*, void>)code.Entry)(&arguments);
        }

        Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), actual.Select(BitConverter.SingleToInt32Bits));
    }
}
