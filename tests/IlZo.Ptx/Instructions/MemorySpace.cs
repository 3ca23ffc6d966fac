namespace IlZo.Ptx.Instructions;

/// <summary>The memory that an address is in.</summary>
internal enum MemorySpace
{
    /// <summary>Any: the address says which.</summary>
    Generic,

    /// <summary>The device's.</summary>
    Global,

    /// <summary>A group's.</summary>
    Shared,

    /// <summary>A thread's own.</summary>
    Local,

    /// <summary>What a kernel is given.</summary>
    Parameter,
}

/// <summary>Spaces by their PTX names.</summary>
internal static unsafe class MemorySpaces
{
    /// <summary>The name with its point; empty for generic addresses.</summary>
    public static string Name(this MemorySpace space) => space switch
    {
        MemorySpace.Generic => string.Empty,
        MemorySpace.Parameter => ".param",
        _ => "." + space.ToString().ToLowerInvariant(),
    };

    /// <summary>Memory at an address, which must be a multiple of the size of what is accessed.</summary>
    public static byte* At(this MemorySpace space, PtxWarp warp, ulong address, int count, int lane)
    {
        if ((address & (uint)(count - 1)) != 0)
        {
            throw new PtxException($"The address {address:X} is not a multiple of {count}.");
        }

        return space switch
        {
            MemorySpace.Shared => warp.Memory.Shared(address, count),
            MemorySpace.Global => warp.Memory.Global(address, count),
            MemorySpace.Generic => warp.Memory.Generic(address, count),
            MemorySpace.Parameter => warp.Memory.Parameter(address, count),
            _ => warp.Local(address, count, lane),
        };
    }
}
