namespace IlZo.Cli.Gpu;

/// <summary>A GPU in a listing.</summary>
/// <param name="Name">What <c>--device</c> calls it.</param>
/// <param name="Description">What its maker calls it.</param>
/// <param name="MemoryBytes">Its memory.</param>
/// <param name="Architecture">Its compute capability.</param>
/// <param name="Products">What computes products on it, and how exactly.</param>
internal sealed record GpuInfo(string Name, string Description, long MemoryBytes, string Architecture, string Products);
