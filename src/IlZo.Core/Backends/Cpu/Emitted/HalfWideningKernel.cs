using System.Runtime.InteropServices;
using IlZo.Arithmetic;
using IlZo.Tensors;
using static IlZo.Backends.Cpu.Emitted.Register;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// binary16 → fp32 by VCVTPH2PS, 64 numbers a round. Its twin in C# is <see cref="Widening"/>, which needs four instructions for the same
/// and gives the same bits for finite numbers. Packing keeps the twin: where both were measured (Zen 5), storing the results takes the
/// time.
/// <code>
/// rdi arguments   r8 source, 128 bytes further each round   r9 destination, 256 bytes further   rax numbers left
/// zmm0 – zmm3 16 numbers each
/// </code>
/// </summary>
internal static class HalfWideningKernel
{
    /// <summary>Numbers of a round; a call takes a multiple of it.</summary>
    public const int Group = 4 * Lanes;

    private const int Lanes = 16;

    public static byte[] Emit()
    {
        var code = new Assembler();
        code.Mov(R8, new Address(Rdi, Arguments.SourceOffset));
        code.Mov(R9, new Address(Rdi, Arguments.DestinationOffset));
        code.Mov(Rax, new Address(Rdi, Arguments.CountOffset));
        int round = code.Position;
        for (int v = 0; v < Group / Lanes; v++)
        {
            code.Vcvtph2ps(v, new Address(R8, v * Lanes * sizeof(ushort)));
        }

        for (int v = 0; v < Group / Lanes; v++)
        {
            code.VmovupsStore(new Address(R9, v * Lanes * sizeof(float)), v);
        }

        code.Add(R8, Group * sizeof(ushort));
        code.Add(R9, Group * sizeof(float));
        code.Sub(Rax, Group);
        code.Jnz(round);
        code.Vzeroupper();
        code.Ret();
        return code.ToArray();
    }

    /// <summary>The kernel's one argument.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public unsafe struct Arguments
    {
        public const int SourceOffset = 0;
        public const int DestinationOffset = 8;
        public const int CountOffset = 16;

        public ushort* Source;
        public float* Destination;
        public long Count;
    }
}
