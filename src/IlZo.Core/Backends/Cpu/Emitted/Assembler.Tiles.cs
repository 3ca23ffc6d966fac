namespace IlZo.Backends.Cpu.Emitted;

/// <summary>Tile instructions (Intel AMX) on tmm0 to tmm7, named by their numbers.</summary>
internal sealed partial class Assembler
{
    /// <summary>Sets the shapes of the tiles from the 64 bytes at source, and zeroes them.</summary>
    public void Ldtilecfg(Address source)
    {
        Vex(NoPrefix, 0, source);
        Emit(0x49);
        Operand(0, source);
    }

    /// <summary>Gives the tiles back.</summary>
    public void Tilerelease()
    {
        Vex(NoPrefix, 0, 0, 0);
        Emit(0x49);
        Emit(0xC0);
    }

    /// <summary>tile = rows that start at source without its index and are the index register's value apart.</summary>
    public void Tileloadd(int tile, Address source)
    {
        Vex(PrefixF2, 0, source);
        Emit(0x4B);
        Operand(tile, source);
    }

    /// <summary>Stores a tile; the address is as for <see cref="Tileloadd"/>.</summary>
    public void Tilestored(Address destination, int tile)
    {
        Vex(PrefixF3, 0, destination);
        Emit(0x4B);
        Operand(tile, destination);
    }

    /// <summary>accumulator [m][n] fp32 += a [m][2k] · b, b as [k][n] pairs of bfloat16.</summary>
    public void Tdpbf16ps(int accumulator, int a, int b)
    {
        Vex(PrefixF3, b, 0, 0);
        Emit(0x5C);
        Emit((byte)(0xC0 | (accumulator << 3) | a));
    }

    private void Vex(int prefix, int vvvv, Address address) =>
        Vex(prefix, vvvv, (int)address.Base >> 3, (int)(address.Index ?? 0) >> 3);

    // Three bytes, map 0F38, 128 bits, W = 0; tiles need no extension of the field reg.
    private void Vex(int prefix, int vvvv, int b, int x)
    {
        Emit(0xC4);
        Emit((byte)(0x80 | ((~x & 1) << 6) | ((~b & 1) << 5) | Map0F38));
        Emit((byte)(((~vvvv & 15) << 3) | prefix));
    }
}
