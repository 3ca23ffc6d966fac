using System.Runtime.CompilerServices;
using IlZo.Ptx;

namespace ILGPU.Runtime.Cuda;

/// <summary>Inline PTX, which the emulator executes: statements with operands %0, %1, …, of which the first, or any by reference, may be a result.</summary>
public static partial class CudaAsm
{
    /// <summary>Whether kernels may contain PTX.</summary>
    public static bool IsSupported => true;

    public static void Emit(string asm) => Run(asm);

    private static ulong Run(string asm, params Span<InlineOperand> operands)
    {
        Execute(asm, operands);
        return operands.IsEmpty ? 0 : operands[0].Bits;
    }

    private static void Execute(string asm, Span<InlineOperand> operands)
    {
        var thread = KernelThread.Current;
        thread.Group.Inline.Execute(thread, asm, operands);
    }

    // The registers that ILGPU would put values into.
    internal static InlineOperand Of<T>(T value)
        where T : unmanaged
    {
        ulong bits = 0;
        Unsafe.As<ulong, T>(ref bits) = value;
        var type = typeof(T) == typeof(float) ? PtxType.F32
            : typeof(T) == typeof(int) || typeof(T) == typeof(uint) ? PtxType.B32
            : typeof(T) == typeof(long) || typeof(T) == typeof(ulong) ? PtxType.B64
            : typeof(T) == typeof(short) || typeof(T) == typeof(ushort) ? PtxType.B16
            : throw new KernelException($"{typeof(T).Name} is no type of an operand of inline PTX.");
        return new InlineOperand(type, bits);
    }

    // A result holds nothing useful until it is written.
    internal static InlineOperand Result<T>()
        where T : unmanaged => Of(default(T)) with { Bits = ulong.MaxValue };

    internal static T To<T>(ulong bits)
        where T : unmanaged => Unsafe.As<ulong, T>(ref bits);
}
