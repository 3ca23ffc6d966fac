namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// The arithmetic of the bfloat16 instructions: one rounding to nearest an operation, subnormal numbers read and written as zeros.
/// </summary>
internal static class FlushedArithmetic
{
    /// <summary>a·b + c with one rounding; a and b are bfloat16.</summary>
    public static float MultiplyAdd(ushort a, ushort b, float c) =>
        Flush(float.FusedMultiplyAdd(Flush(BFloat16Packing.Widen(a)), Flush(BFloat16Packing.Widen(b)), Flush(c)));

    public static float Add(float a, float b) => Flush(Flush(a) + Flush(b));

    private static float Flush(float x) => float.IsSubnormal(x) ? MathF.CopySign(0, x) : x;
}
