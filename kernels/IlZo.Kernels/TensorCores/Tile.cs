using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>The sizes of <see cref="TensorLinear"/>'s tile.</summary>
public static class Tile
{
    /// <summary>Outputs of a tile: the elements of a noise group.</summary>
    public const int Outputs = 64;

    /// <summary>Inputs of a step: the depth of an mma.sync.</summary>
    internal const int Depth = 16;

    /// <summary>Weights of a step.</summary>
    internal const int Weights = Outputs * Depth;

    /// <summary>Tokens of an mma.sync.</summary>
    internal const int HalfRows = 16;

    /// <summary>Bytes that a thread copies at a time.</summary>
    internal const int Chunk = 16;

    /// <summary>Threads of a warp.</summary>
    internal const int Warp = 32;

    /// <summary>Words of a part: two weights each.</summary>
    internal const int PartWords = Weights / 2;

    /// <summary>Tokens of a warp whose sums are stored at a time: those of one number of each thread.</summary>
    internal const int StoredRows = 8;

    /// <summary>Floats from one row of sums to the next in shared memory: 8 rows begin at banks 8 apart.</summary>
    internal const int SumPitch = Outputs + 8;

    /// <summary>The thread's place in its warp.</summary>
    internal static int Lane => Group.IdxX & (Warp - 1);
}
