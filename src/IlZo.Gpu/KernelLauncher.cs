using IlZo.Backends;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>Sizes of thread groups. They decide speed, and the order of some sums; small ones suit emulation.</summary>
/// <param name="Threads">Threads of a group, where a kernel takes any number.</param>
/// <param name="OutputThreads">Threads of a product's group along the outputs.</param>
/// <param name="TokenThreads">Threads of a product's group along the tokens.</param>
/// <param name="AttentionSide">Queries and keys of a tile of attention, four times a power of two; less where a head is large.</param>
public sealed record LaunchShape(int Threads, int OutputThreads, int TokenThreads, int AttentionSide)
{
    /// <summary>Bytes of weights that are prepared at a time for products of many tokens, at most, or those of a tile.</summary>
    public long OperandBytes { get; init; } = GpuMemory.Operands;

    /// <summary>Whether products of many tokens are those of warpgroups, which compute capability 9.0 has.</summary>
    public bool HasWarpgroups { get; init; }

    /// <summary>The shape for GPUs.</summary>
    public static LaunchShape Gpu { get; } = new(256, 16, 16, 32);
}

/// <summary>Compiles kernels when they are first launched, and launches them on one stream.</summary>
internal sealed class KernelLauncher(
    IKernelLoader loader, AcceleratorStream stream, DeviceFaults faults, LaunchShape shape, ProductPrecision products)
{
    // Groups of a kernel whose threads take every n-th element.
    private const int MaxGroups = 8192;

    // By the delegates themselves, of which there is one for each place that launches a kernel: comparing methods takes memory.
    private readonly Dictionary<Delegate, Delegate> _kernels = new(ReferenceEqualityComparer.Instance);

    public LaunchShape Shape => shape;

    /// <summary>What products are computed in.</summary>
    public ProductPrecision Products => products;

    /// <summary>A kernel of some groups in three dimensions; of none there is nothing to do.</summary>
    public void Launch<T>(Action<T> kernel, Index3D groups, int threads, int sharedFloats, T arguments)
        where T : struct
    {
        if (IsNone(groups))
        {
            return;
        }

        if (!_kernels.TryGetValue(kernel, out var loaded))
        {
            _kernels.Add(kernel, loaded = loader.Load(kernel));
        }

        var configuration = Configuration(groups, threads, sharedFloats);
        try
        {
            ((Action<AcceleratorStream, KernelConfig, T>)loaded)(stream, configuration, arguments);
        }
        catch (AcceleratorException e)
        {
            throw faults.NotLaunched(kernel.Method, configuration, e);
        }

        faults.Launched(kernel.Method);
    }

    /// <summary>A kernel of some groups that takes a second argument; of none there is nothing to do.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="threads">Threads of a group.</param>
    /// <param name="sharedFloats">Shared memory of a group.</param>
    /// <param name="first">What the kernel takes.</param>
    /// <param name="second">What else it takes.</param>
    /// <param name="groupsPerMultiprocessor">Groups that registers must suffice for; null where the compiler may choose.</param>
    public void Launch<T1, T2>(
        Action<T1, T2> kernel, Index3D groups, int threads, int sharedFloats, T1 first, T2 second, int? groupsPerMultiprocessor = null)
        where T1 : struct
        where T2 : struct
    {
        if (IsNone(groups))
        {
            return;
        }

        if (!_kernels.TryGetValue(kernel, out var loaded))
        {
            var limits = groupsPerMultiprocessor is null
                ? KernelSpecialization.Empty
                : new KernelSpecialization(threads, groupsPerMultiprocessor);
            _kernels.Add(kernel, loaded = loader.Load(kernel, limits));
        }

        var configuration = Configuration(groups, threads, sharedFloats);
        try
        {
            ((Action<AcceleratorStream, KernelConfig, T1, T2>)loaded)(stream, configuration, first, second);
        }
        catch (AcceleratorException e)
        {
            throw faults.NotLaunched(kernel.Method, configuration, e);
        }

        faults.Launched(kernel.Method);
    }

    /// <summary>A kernel that has a thread for each of some items, or fewer.</summary>
    public void LaunchItems<T>(Action<T> kernel, long items, T arguments)
        where T : struct => Launch(kernel, Groups(items), shape.Threads, 0, arguments);

    /// <summary>A kernel that takes a second argument and has a thread for each of some items, or fewer.</summary>
    public void LaunchItems<T1, T2>(Action<T1, T2> kernel, long items, T1 first, T2 second)
        where T1 : struct
        where T2 : struct => Launch(kernel, Groups(items), shape.Threads, 0, first, second);

    private static KernelConfig Configuration(Index3D groups, int threads, int sharedFloats) => new(
        groups,
        new Index3D(threads, 1, 1),
        sharedFloats == 0 ? SharedMemoryConfig.Empty : SharedMemoryConfig.RequestDynamic<float>(sharedFloats));

    // A device refuses such a launch: one for the outputs of a pass that reads nothing.
    private static bool IsNone(Index3D groups) => groups.X == 0 || groups.Y == 0 || groups.Z == 0;

    private Index3D Groups(long items) => new((int)Math.Min((items + shape.Threads - 1) / shape.Threads, MaxGroups), 1, 1);
}
