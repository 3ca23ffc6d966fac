namespace ILGPU;

/// <summary>A number of threads or groups in one dimension.</summary>
public readonly record struct Index1D(int X)
{
    public static implicit operator Index1D(int value) => new(value);

    public static implicit operator int(Index1D index) => index.X;
}

/// <summary>A number of groups in three dimensions.</summary>
public readonly record struct Index3D(int X, int Y, int Z);

/// <summary>How much shared memory a launch asks for.</summary>
public readonly struct SharedMemoryConfig
{
    private SharedMemoryConfig(int byteCount) => ArraySize = byteCount;

    /// <summary>None.</summary>
    public static SharedMemoryConfig Empty => default;

    /// <summary>Bytes for each group.</summary>
    public int ArraySize { get; }

    public static unsafe SharedMemoryConfig RequestDynamic<T>(int numElements)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numElements);
        return new SharedMemoryConfig(numElements * sizeof(T));
    }
}

/// <summary>The size of a launch: groups, threads of a group, and shared memory.</summary>
public readonly struct KernelConfig(Index3D gridDim, Index3D groupDim, SharedMemoryConfig sharedMemoryConfig)
{
    public Index3D GridDim { get; } = gridDim;

    public Index3D GroupDim { get; } = groupDim;

    public SharedMemoryConfig SharedMemoryConfig { get; } = sharedMemoryConfig;
}
