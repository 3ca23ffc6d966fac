using IlZo.Arithmetic;
using ILGPU.IR.Intrinsics;

namespace IlZo.Kernels;

/// <summary>Arithmetic of single numbers whose bits must not depend on what a compiler makes of an expression.</summary>
public readonly struct DeviceMath : IArithmetic<float>
{
    /// <summary>a·b + c, rounded once.</summary>
    [IntrinsicImplementation]
    [Instruction("fma.rn.f32 %0, %1, %2, %3;")]
    public static float FusedMultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

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
