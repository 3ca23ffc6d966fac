namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// The kernels that multiply, each tried once in a process and only when it is asked for. What they hold lives as long as the process.
/// </summary>
internal static class EmittedKernels
{
    private static readonly Lazy<KernelProbe> s_dotProduct =
        new(() => KernelProbe.Of(DotProductKernel.Create(), CpuFeatures.HasDotProduct, "AVX512_BF16"));

    private static readonly Lazy<KernelProbe> s_tiles =
        new(() => KernelProbe.Of(TileKernel.Create(split: false), CpuFeatures.HasTiles, "AMX"));

    private static readonly Lazy<KernelProbe> s_splitTiles =
        new(() => KernelProbe.Of(TileKernel.Create(split: true), CpuFeatures.HasTiles, "AMX"));

    /// <summary>bfloat16 on vectors.</summary>
    public static KernelProbe DotProduct => s_dotProduct.Value;

    /// <summary>bfloat16 on tiles.</summary>
    public static KernelProbe Tiles => s_tiles.Value;

    /// <summary>Split bfloat16 (bf16x3) on tiles.</summary>
    public static KernelProbe SplitTiles => s_splitTiles.Value;
}
