namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// The general registers that kernels use: those a System V x86-64 function may overwrite, <see cref="Rdi"/> with its argument.
/// </summary>
internal enum Register
{
    Rax = 0,
    Rcx = 1,
    Rdx = 2,
    Rsi = 6,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
    R10 = 10,
    R11 = 11,
}

/// <summary>A memory operand, [base + index + displacement].</summary>
internal readonly record struct Address(Register Base, int Displacement = 0, Register? Index = null);

/// <summary>
/// Writes x86-64 machine code: the few instructions that kernels use, one method each, named as in the Intel manual. Displacements and
/// jumps are always 32 bits wide, so that there is one form of each.
/// </summary>
/// <remarks>Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, sections 2.1 to 2.7.</remarks>
internal sealed partial class Assembler
{
    private readonly List<byte> _code = [];

    /// <summary>Where the next instruction begins, for <see cref="Jnz"/>.</summary>
    public int Position => _code.Count;

    public byte[] ToArray() => [.. _code];

    /// <summary>destination = 64 bits at source.</summary>
    public void Mov(Register destination, Address source)
    {
        Rex((int)destination, source);
        Emit(0x8B);
        Operand((int)destination, source);
    }

    public void Mov(Register destination, Register source) => Registers(0x89, (int)source, destination);

    /// <summary>destination = value; the upper half becomes zero.</summary>
    public void Mov(Register destination, uint value)
    {
        if ((int)destination >= 8)
        {
            Emit(0x41);
        }

        Emit((byte)(0xB8 + ((int)destination & 7)));
        Emit32((int)value);
    }

    public void Add(Register destination, int value)
    {
        Registers(0x81, 0, destination);
        Emit32(value);
    }

    /// <summary>Subtracts and sets the zero flag.</summary>
    public void Sub(Register destination, int value)
    {
        Registers(0x81, 5, destination);
        Emit32(value);
    }

    /// <summary>Jumps back to a position unless the last subtraction gave zero.</summary>
    public void Jnz(int position)
    {
        Emit(0x0F);
        Emit(0x85);
        Emit32(position - (Position + 4));
    }

    public void Ret() => Emit(0xC3);

    private void Registers(byte opcode, int reg, Register rm)
    {
        Emit((byte)(0x48 | (reg >> 3 << 2) | ((int)rm >> 3)));
        Emit(opcode);
        Emit((byte)(0xC0 | ((reg & 7) << 3) | ((int)rm & 7)));
    }

    private void Rex(int reg, Address address) =>
        Emit((byte)(0x48 | (reg >> 3 << 2) | ((int)(address.Index ?? 0) >> 3 << 1) | ((int)address.Base >> 3)));

    // ModRM, SIB where there is an index, and a displacement. No base has the low bits 100 or 101, which would need other forms.
    private void Operand(int reg, Address address)
    {
        int field = (reg & 7) << 3;
        if (address.Index is { } index)
        {
            Emit((byte)(0x80 | field | 4));
            Emit((byte)((((int)index & 7) << 3) | ((int)address.Base & 7)));
        }
        else
        {
            Emit((byte)(0x80 | field | ((int)address.Base & 7)));
        }

        Emit32(address.Displacement);
    }

    private void Emit(byte value) => _code.Add(value);

    private void Emit32(int value)
    {
        for (int shift = 0; shift < 32; shift += 8)
        {
            _code.Add((byte)(value >> shift));
        }
    }
}
