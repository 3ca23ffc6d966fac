using ILGPU.IR.Intrinsics;

namespace IlZo.Kernels.TensorCores;

/// <summary>Two words: 8 bytes.</summary>
public readonly struct Words(uint v0, uint v1)
{
    public readonly uint V0 = v0;
    public readonly uint V1 = v1;
}

/// <summary>What a thread holds of four 8 by 8 matrices of 16 bits, or of a 16 by 16 one: a word with two elements of each.</summary>
public readonly struct Fragment(uint v0, uint v1, uint v2, uint v3)
{
    public readonly uint V0 = v0;
    public readonly uint V1 = v1;
    public readonly uint V2 = v2;
    public readonly uint V3 = v3;
}

/// <summary>
/// Instructions of compute capability 8.0 that C# has no words for, by the PTX ISA. On a GPU a call is that instruction with registers for
/// operands (<see cref="DeviceIntrinsics"/>); a processor has none of them. Those of a warp must be reached by all its threads together.
/// </summary>
public static class Instructions
{
    private const string MultiplyAddOperands = " {%0, %1, %2, %3}, {%8, %9, %10, %11}, {%12, %13}, {%4, %5, %6, %7};";
    private const string MultiplyAddBFloat16Text = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32" + MultiplyAddOperands;
    private const string MultiplyAddHalfText = "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" + MultiplyAddOperands;

    private const string LoadText = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];";
    private const string LoadTransposedText = "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];";
    private const string CopyAsync16Text = "cp.async.cg.shared.global [%0], [%1], 16, %2;";
    private const string CopyAsync4Text = "cp.async.ca.shared.global [%0], [%1], 4, %2;";
    private const string WaitText = "cp.async.wait_all;";
    private const string CommitText = "cp.async.commit_group;";
    private const string WaitBeforeLastText = "cp.async.wait_group 1;";
    private const string WarpBarrierText = "bar.warp.sync 0xFFFFFFFF;";
    private const string PackBFloat16Text = "cvt.rn.bf16x2.f32 %0, %1, %2;";
    private const string PackHalfText = "cvt.rn.f16x2.f32 %0, %1, %2;";
    private const string GlobalAddressText = "cvta.to.global.u64 %0, %1;";
    private const string SharedAddressText = "{ .reg .u64 address; cvta.to.shared.u64 address, %1; cvt.u32.u64 %0, address; }";

    /// <summary>c + a·b for a 16 by 16 and b 16 by 8 in bfloat16, with sums in fp32. A warp.</summary>
    [IntrinsicImplementation]
    [Instruction(MultiplyAddBFloat16Text)]
    public static Quad MultiplyAddBFloat16(Quad c, Fragment a, uint b0, uint b1) => throw NotOnProcessors();

    /// <summary>c + a·b for a 16 by 16 and b 16 by 8 in fp16, with sums in fp32. A warp.</summary>
    [IntrinsicImplementation]
    [Instruction(MultiplyAddHalfText)]
    public static Quad MultiplyAddHalf(Quad c, Fragment a, uint b0, uint b1) => throw NotOnProcessors();

    /// <summary>
    /// Four 8 by 8 matrices of 16 bits; threads 8i to 8i + 7 give the addresses of the rows of matrix i, 16 bytes each. A warp.
    /// </summary>
    [IntrinsicImplementation]
    [Instruction(LoadText)]
    public static Fragment LoadMatrices(uint shared) => throw NotOnProcessors();

    /// <summary>As <see cref="LoadMatrices"/>, each matrix transposed. A warp.</summary>
    [IntrinsicImplementation]
    [Instruction(LoadTransposedText)]
    public static Fragment LoadMatricesTransposed(uint shared) => throw NotOnProcessors();

    /// <summary>Begins to copy some of 16 bytes at addresses that are multiples of 16; the others become zero.</summary>
    [IntrinsicImplementation]
    [Instruction(CopyAsync16Text)]
    public static void CopyAsync16(uint shared, ulong global, int bytes) => throw NotOnProcessors();

    /// <summary>Begins to copy some of 4 bytes at addresses that are multiples of 4; the others become zero.</summary>
    [IntrinsicImplementation]
    [Instruction(CopyAsync4Text)]
    public static void CopyAsync4(uint shared, ulong global, int bytes) => throw NotOnProcessors();

    /// <summary>Waits for the copies that this thread has begun.</summary>
    [IntrinsicImplementation]
    [Instruction(WaitText)]
    public static void WaitForCopies() => throw NotOnProcessors();

    /// <summary>Makes the copies that this thread has begun since the last such call a set.</summary>
    [IntrinsicImplementation]
    [Instruction(CommitText)]
    public static void CommitCopies() => throw NotOnProcessors();

    /// <summary>Waits for all sets of copies but the last one.</summary>
    [IntrinsicImplementation]
    [Instruction(WaitBeforeLastText)]
    public static void WaitForCopiesBeforeLast() => throw NotOnProcessors();

    /// <summary>Waits for the other threads of the warp; what they wrote before is seen behind it. A warp.</summary>
    [IntrinsicImplementation]
    [Instruction(WarpBarrierText)]
    public static void WarpBarrier() => throw NotOnProcessors();

    /// <summary>Two numbers rounded to bfloat16, to nearest even, in one word.</summary>
    [IntrinsicImplementation]
    [Instruction(PackBFloat16Text)]
    public static uint PackBFloat16(float upper, float lower) => throw NotOnProcessors();

    /// <summary>Two numbers rounded to fp16, to nearest even, in one word; what is beyond 65504 becomes infinite.</summary>
    [IntrinsicImplementation]
    [Instruction(PackHalfText)]
    public static uint PackHalf(float upper, float lower) => throw NotOnProcessors();

    /// <summary>The address of a number in global memory.</summary>
    [IntrinsicImplementation]
    [Instruction(GlobalAddressText)]
    public static ulong GlobalAddress(ref float element) => throw NotOnProcessors();

    /// <summary>The address of a number in global memory.</summary>
    [IntrinsicImplementation]
    [Instruction(GlobalAddressText)]
    public static ulong GlobalAddress(ref ushort element) => throw NotOnProcessors();

    /// <summary>The address of a number in shared memory.</summary>
    [IntrinsicImplementation]
    [Instruction(SharedAddressText)]
    public static uint SharedAddress(ref float element) => throw NotOnProcessors();

    internal static PlatformNotSupportedException NotOnProcessors() =>
        new("Tensor cores and their copies are instructions of NVIDIA GPUs.");
}
