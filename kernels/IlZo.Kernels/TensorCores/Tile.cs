using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>The sizes of <see cref="TensorLinear"/>'s tile, and who computes what in it.</summary>
public static class Tile
{
    /// <summary>Threads of a group.</summary>
    public const int Threads = 256;

    /// <summary>Groups that a multiprocessor is to hold: while one prepares weights, another multiplies.</summary>
    public const int GroupsPerMultiprocessor = 2;

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

    /// <summary>Rows of x: tokens of one probe, or half as many of two.</summary>
    internal const int Rows = 256;

    /// <summary>Floats from one row of sums to the next in shared memory: 8 rows begin at banks 8 apart.</summary>
    internal const int SumPitch = Outputs + 8;

    private const int WarpRows = 2 * HalfRows;

    /// <summary>Tokens of a tile.</summary>
    public static int Tokens(bool areTwo) => areTwo ? Rows / 2 : Rows;

    /// <summary>Bytes of an input in memory: fp32 that is split in registers, or 16 bits.</summary>
    internal static int InputSize<TOperands>()
        where TOperands : struct, IOperandFormat => TOperands.IsSplit ? sizeof(float) : sizeof(ushort);

    /// <summary>The first float of x in shared memory.</summary>
    internal static int InputsAt<TOperands>(int buffer)
        where TOperands : struct, IOperandFormat => buffer * Rows * Depth * InputSize<TOperands>() / sizeof(float);

    /// <summary>The thread's place in its warp.</summary>
    internal static int Lane => Group.IdxX % Warp;

    /// <summary>The first row of the thread's warp.</summary>
    internal static int WarpRow => Group.IdxX / Warp * WarpRows;

    /// <summary>The probe that the thread's warp computes.</summary>
    internal static int WarpProbe(bool areTwo) => WarpRow / Tokens(areTwo);

    /// <summary>The first token that the thread's warp computes, counted from the tile's.</summary>
    internal static int WarpToken(bool areTwo) => WarpRow % Tokens(areTwo);
}
