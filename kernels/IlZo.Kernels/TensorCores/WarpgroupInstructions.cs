using ILGPU.IR.Intrinsics;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// Products of a warpgroup, four warps, on compute capability 9.0 (sm_90a), by the PTX ISA: tensor cores read both operands from shared
/// memory. A function is all products of a step of <see cref="OperandProduct"/>, begun together and waited for: 128 tokens by 128 outputs.
/// </summary>
public static class WarpgroupInstructions
{
    // Addresses, and the distances between them, in units of 16 bytes. Rows of 64 bytes are swizzled, eight of them are 512 bytes.
    private const int Unit = 16;
    private const ulong Swizzle64 = 2UL << 62;
    private const ulong EightRows = 512 / Unit;

    // The sums of the first 64 tokens and of the others.
    private const string Upper = "{" + "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        + "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        + "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        + "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63" + "}";
    private const string Lower = "{" + "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
        + "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
        + "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
        + "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127" + "}";

    // Descriptors of x's first 64 rows and of the others, and of W's, with the first half of each cell and the second one.
    private const string Begin = "{ .reg .pred p; .reg .u64 x0, x1, y0, y1, w0, w1; setp.eq.u32 p, 0, 0; mov.u64 x0, %128; "
        + "add.u64 x1, x0, 2; add.u64 y0, x0, 256; add.u64 y1, x0, 258; add.u64 w0, x0, 512; add.u64 w1, x0, 514; "
        + "wgmma.fence.sync.aligned; ";

    private const string End = "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0; }";
    private const string Half = "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 ";
    private const string BFloat16 = "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 ";
    private const string Adding = ", p, 1, 1, 0, 0; ";

    private const string HalfText = Begin + Half + Upper + ", x0, w0" + Adding + Half + Lower + ", y0, w0" + Adding
        + Half + Upper + ", x1, w1" + Adding + Half + Lower + ", y1, w1" + Adding + End;

    private const string BFloat16Text = Begin + BFloat16 + Upper + ", x0, w0" + Adding + BFloat16 + Lower + ", y0, w0" + Adding
        + BFloat16 + Upper + ", x1, w1" + Adding + BFloat16 + Lower + ", y1, w1" + Adding + End;

    // The smaller products first.
    private const string SplitText = Begin + BFloat16 + Upper + ", x1, w0" + Adding + BFloat16 + Lower + ", y1, w0" + Adding
        + BFloat16 + Upper + ", x0, w1" + Adding + BFloat16 + Lower + ", y0, w1" + Adding
        + BFloat16 + Upper + ", x0, w0" + Adding + BFloat16 + Lower + ", y0, w0" + Adding + End;

    private const string FenceText = "fence.proxy.async.shared::cta;";

    /// <summary>The products of a step in fp16, 32 inputs. A warpgroup.</summary>
    /// <param name="sums">What is added to.</param>
    /// <param name="step"><see cref="Descriptor"/> of the step.</param>
    [IntrinsicImplementation]
    [Instruction(HalfText, Accumulates = true)]
    public static WarpgroupSums MultiplyAddHalf(WarpgroupSums sums, ulong step) => throw Instructions.NotOnProcessors();

    /// <summary>The products of a step in bfloat16, 32 inputs. A warpgroup.</summary>
    /// <inheritdoc cref="MultiplyAddHalf"/>
    [IntrinsicImplementation]
    [Instruction(BFloat16Text, Accumulates = true)]
    public static WarpgroupSums MultiplyAddBFloat16(WarpgroupSums sums, ulong step) => throw Instructions.NotOnProcessors();

    /// <summary>The products of a step in bf16x3, 16 inputs. A warpgroup.</summary>
    /// <inheritdoc cref="MultiplyAddHalf"/>
    [IntrinsicImplementation]
    [Instruction(SplitText, Accumulates = true)]
    public static WarpgroupSums MultiplyAddSplit(WarpgroupSums sums, ulong step) => throw Instructions.NotOnProcessors();

    /// <summary>Lets tensor cores see what this thread has copied to shared memory.</summary>
    [IntrinsicImplementation]
    [Instruction(FenceText)]
    public static void ShowCopies() => throw Instructions.NotOnProcessors();

    /// <summary>What tensor cores are told about the rows of a step.</summary>
    /// <param name="address">The address of the step in shared memory, a multiple of 512.</param>
    public static ulong Descriptor(uint address) => Swizzle64 | (EightRows << 32) | (1UL << 16) | (address / Unit);
}
