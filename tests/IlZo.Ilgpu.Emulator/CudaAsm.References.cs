using IlZo.Ptx;

namespace ILGPU.Runtime.Cuda;

/// <summary>An operand by reference.</summary>
public interface ICudaAsmEmitParameter
{
    internal InlineOperand Operand { get; set; }
}

/// <summary>An operand that is read.</summary>
public struct Input<T> : ICudaAsmEmitParameter
    where T : unmanaged
{
    public T Value;

    readonly InlineOperand ICudaAsmEmitParameter.Operand
    {
        get => CudaAsm.Of(Value);
        set
        {
        }
    }

    public static implicit operator Input<T>(T value) => new() { Value = value };
}

/// <summary>An operand that is written.</summary>
public struct Output<T> : ICudaAsmEmitParameter
    where T : unmanaged
{
    public T Value;

    InlineOperand ICudaAsmEmitParameter.Operand
    {
        readonly get => CudaAsm.Result<T>();
        set => Value = CudaAsm.To<T>(value.Bits);
    }
}

/// <content>Operands by reference, as many as kernels need.</content>
public static partial class CudaAsm
{
    public static void EmitRef<T0, T1, T2, T3, T4>(string asm, ref T0 arg0, ref T1 arg1, ref T2 arg2, ref T3 arg3, ref T4 arg4)
        where T0 : struct, ICudaAsmEmitParameter
        where T1 : struct, ICudaAsmEmitParameter
        where T2 : struct, ICudaAsmEmitParameter
        where T3 : struct, ICudaAsmEmitParameter
        where T4 : struct, ICudaAsmEmitParameter
    {
        Span<InlineOperand> operands = [arg0.Operand, arg1.Operand, arg2.Operand, arg3.Operand, arg4.Operand];
        Execute(asm, operands);
        arg0.Operand = operands[0];
        arg1.Operand = operands[1];
        arg2.Operand = operands[2];
        arg3.Operand = operands[3];
        arg4.Operand = operands[4];
    }

    public static void EmitRef<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(
        string asm,
        ref T0 arg0,
        ref T1 arg1,
        ref T2 arg2,
        ref T3 arg3,
        ref T4 arg4,
        ref T5 arg5,
        ref T6 arg6,
        ref T7 arg7,
        ref T8 arg8,
        ref T9 arg9,
        ref T10 arg10,
        ref T11 arg11,
        ref T12 arg12,
        ref T13 arg13)
        where T0 : struct, ICudaAsmEmitParameter
        where T1 : struct, ICudaAsmEmitParameter
        where T2 : struct, ICudaAsmEmitParameter
        where T3 : struct, ICudaAsmEmitParameter
        where T4 : struct, ICudaAsmEmitParameter
        where T5 : struct, ICudaAsmEmitParameter
        where T6 : struct, ICudaAsmEmitParameter
        where T7 : struct, ICudaAsmEmitParameter
        where T8 : struct, ICudaAsmEmitParameter
        where T9 : struct, ICudaAsmEmitParameter
        where T10 : struct, ICudaAsmEmitParameter
        where T11 : struct, ICudaAsmEmitParameter
        where T12 : struct, ICudaAsmEmitParameter
        where T13 : struct, ICudaAsmEmitParameter
    {
        Span<InlineOperand> operands =
        [
            arg0.Operand, arg1.Operand, arg2.Operand, arg3.Operand, arg4.Operand, arg5.Operand, arg6.Operand,
            arg7.Operand, arg8.Operand, arg9.Operand, arg10.Operand, arg11.Operand, arg12.Operand, arg13.Operand,
        ];
        Execute(asm, operands);
        arg0.Operand = operands[0];
        arg1.Operand = operands[1];
        arg2.Operand = operands[2];
        arg3.Operand = operands[3];
        arg4.Operand = operands[4];
        arg5.Operand = operands[5];
        arg6.Operand = operands[6];
        arg7.Operand = operands[7];
        arg8.Operand = operands[8];
        arg9.Operand = operands[9];
        arg10.Operand = operands[10];
        arg11.Operand = operands[11];
        arg12.Operand = operands[12];
        arg13.Operand = operands[13];
    }
}
