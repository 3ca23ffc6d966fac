namespace IlZo.Kernels.TensorCores;

/// <summary>What tensor cores multiply in the place of a product's numbers. Sums are in fp32 in all formats.</summary>
public interface IOperandFormat
{
    /// <summary>Whether a number is the sum of two, and a product three of theirs.</summary>
    static abstract bool IsSplit { get; }

    /// <summary>Two numbers rounded to the nearest, ties to even, in one word. What is too large becomes infinite.</summary>
    static abstract uint Pack(float upper, float lower);

    /// <summary>c + a·b for a 16 by 16 and b 16 by 8. A warp.</summary>
    static abstract Quad MultiplyAdd(Quad c, Fragment a, uint b0, uint b1);

    /// <summary>Adds all products of a step. A warpgroup.</summary>
    static abstract WarpgroupSums MultiplyAdd(WarpgroupSums sums, ulong step);
}

/// <summary>bf16x3: the sum of two numbers in bfloat16 (<see cref="BFloat16Pair"/>).</summary>
public readonly struct SplitOperands : IOperandFormat
{
    public static bool IsSplit => true;

    public static uint Pack(float upper, float lower) => Instructions.PackBFloat16(upper, lower);

    public static Quad MultiplyAdd(Quad c, Fragment a, uint b0, uint b1) => Instructions.MultiplyAddBFloat16(c, a, b0, b1);

    public static WarpgroupSums MultiplyAdd(WarpgroupSums sums, ulong step) => WarpgroupInstructions.MultiplyAddSplit(sums, step);
}

/// <summary>bfloat16: 8 bits of a number's fraction, at all magnitudes that fp32 has.</summary>
public readonly struct BFloat16Operands : IOperandFormat
{
    public static bool IsSplit => false;

    public static uint Pack(float upper, float lower) => Instructions.PackBFloat16(upper, lower);

    public static Quad MultiplyAdd(Quad c, Fragment a, uint b0, uint b1) => Instructions.MultiplyAddBFloat16(c, a, b0, b1);

    public static WarpgroupSums MultiplyAdd(WarpgroupSums sums, ulong step) => WarpgroupInstructions.MultiplyAddBFloat16(sums, step);
}

/// <summary>IEEE binary16: 11 bits of a number's fraction, up to 65504.</summary>
public readonly struct HalfOperands : IOperandFormat
{
    public static bool IsSplit => false;

    public static uint Pack(float upper, float lower) => Instructions.PackHalf(upper, lower);

    public static Quad MultiplyAdd(Quad c, Fragment a, uint b0, uint b1) => Instructions.MultiplyAddHalf(c, a, b0, b1);

    public static WarpgroupSums MultiplyAdd(WarpgroupSums sums, ulong step) => WarpgroupInstructions.MultiplyAddHalf(sums, step);
}
