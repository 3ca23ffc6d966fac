namespace IlZo.Backends.Cpu.Emitted;

/// <summary>Vector instructions on zmm0 to zmm31, named by their numbers.</summary>
internal sealed partial class Assembler
{
    private const int Map0F = 1;
    private const int Map0F38 = 2;
    private const int NoPrefix = 0;
    private const int Prefix66 = 1;
    private const int PrefixF3 = 2;
    private const int PrefixF2 = 3;

    /// <summary>zmm = 16 fp32 numbers at source.</summary>
    public void VmovupsLoad(int zmm, Address source)
    {
        Evex(Map0F, NoPrefix, zmm, 0, source);
        Emit(0x10);
        Operand(zmm, source);
    }

    /// <summary>16 fp32 numbers at destination = zmm.</summary>
    public void VmovupsStore(Address destination, int zmm)
    {
        Evex(Map0F, NoPrefix, zmm, 0, destination);
        Emit(0x11);
        Operand(zmm, destination);
    }

    /// <summary>All lanes of zmm = the 32 bits at source.</summary>
    public void Vbroadcastss(int zmm, Address source)
    {
        Evex(Map0F38, Prefix66, zmm, 0, source);
        Emit(0x18);
        Operand(zmm, source);
    }

    /// <summary>zmm = 16 binary16 numbers at source, widened.</summary>
    public void Vcvtph2ps(int zmm, Address source)
    {
        Evex(Map0F38, Prefix66, zmm, 0, source);
        Emit(0x13);
        Operand(zmm, source);
    }

    /// <summary>Each lane of accumulator += the products of the two bfloat16 numbers in that lane of a and b.</summary>
    public void Vdpbf16ps(int accumulator, int a, int b)
    {
        Evex(Map0F38, PrefixF3, accumulator, a, (b >> 3) & 1, b >> 4);
        Emit(0x52);
        Emit((byte)(0xC0 | ((accumulator & 7) << 3) | (b & 7)));
    }

    /// <summary>
    /// Zeroes what lies above the lower 128 bits of zmm0 to zmm15, without which legacy SSE code is slow on some processors.
    /// </summary>
    public void Vzeroupper()
    {
        Emit(0xC5);
        Emit(0xF8);
        Emit(0x77);
    }

    private void Evex(int map, int prefix, int reg, int vvvv, Address address) =>
        Evex(map, prefix, reg, vvvv, (int)address.Base >> 3, (int)(address.Index ?? 0) >> 3);

    // 512 bits, no mask, W = 0. Register bits beyond the third are stored inverted; b and x extend the operand in ModRM.
    private void Evex(int map, int prefix, int reg, int vvvv, int b, int x)
    {
        Emit(0x62);
        Emit((byte)(((~reg >> 3 & 1) << 7) | ((~x & 1) << 6) | ((~b & 1) << 5) | ((~reg >> 4 & 1) << 4) | map));
        Emit((byte)(((~vvvv & 15) << 3) | 4 | prefix));
        Emit((byte)(0x40 | ((~vvvv >> 4 & 1) << 3)));
    }
}
