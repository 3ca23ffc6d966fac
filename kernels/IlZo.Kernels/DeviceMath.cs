using IlZo.Arithmetic;
using IlZo.Noise;
using ILGPU.IR.Intrinsics;

namespace IlZo.Kernels;

/// <summary>Arithmetic of single numbers whose bits must not depend on what a compiler makes of an expression.</summary>
public readonly struct DeviceMath : IArithmetic<float>, Philox4x32.IArithmetic
{
    private const string MultiplyText = "{ .reg .u64 product; mul.wide.u32 product, %2, %3; mov.b64 {%0, %1}, product; }";

    /// <summary>a·b + c, rounded once.</summary>
    [IntrinsicImplementation]
    [Instruction("fma.rn.f32 %0, %1, %2, %3;")]
    public static float FusedMultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    /// <summary>The two words of a product.</summary>
    [IntrinsicImplementation]
    [Instruction(MultiplyText)]
    public static (uint Low, uint High) Multiply(uint a, uint b)
    {
        ulong product = (ulong)a * b;
        return ((uint)product, (uint)(product >> 32));
    }

    /// <summary>a·b + c, which an assembler keeps together, so that a product that does not change in a loop takes no registers.</summary>
    [IntrinsicImplementation]
    [Instruction("mad.wide.u32 %0, %1, %2, %3;")]
    public static ulong MultiplyAdd(uint a, uint b, ulong c) => ((ulong)a * b) + c;

    /// <summary>a ⊕ b ⊕ c.</summary>
    [IntrinsicImplementation]
    [Instruction("lop3.b32 %0, %1, %2, %3, 0x96;")]
    public static uint Xor(uint a, uint b, uint c) => a ^ b ^ c;

    public static float Broadcast(float value) => value;

    public static float Add(float a, float b) => a + b;

    public static float Subtract(float a, float b) => a - b;

    public static float Multiply(float a, float b) => a * b;

    public static float Divide(float a, float b) => a / b;

    public static float Sqrt(float a) => MathF.Sqrt(a);

    public static float Abs(float a) => MathF.Abs(a);

    public static float Max(float a, float b) => a < b ? b : a;

    public static float SelectBelow(float a, float b, float below, float otherwise) => a < b ? below : otherwise;
}
