using ILGPU.IR.Intrinsics;

namespace IlZo.Kernels;

/// <summary>Arithmetic whose bits must not depend on what a compiler makes of an expression.</summary>
public static class DeviceMath
{
    /// <summary>a·b + c, rounded once.</summary>
    [IntrinsicImplementation]
    [Instruction("fma.rn.f32 %0, %1, %2, %3;")]
    public static float FusedMultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);
}
