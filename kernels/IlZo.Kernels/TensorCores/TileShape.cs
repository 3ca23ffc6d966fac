using IlZo.Noise;
using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// The sizes of <see cref="TensorLinear"/>'s tile that depend on what is multiplied. A multiprocessor has registers for the sums of 512
/// rows. In bf16x3 two groups share them: shared memory holds the weights of one step. In 16 bits it holds those of two, one group prepares
/// weights while it multiplies, and noise is made for all rows once.
/// </summary>
public static class TileShape<TOperands>
    where TOperands : struct, IOperandFormat
{
    private const int WarpRows = 2 * Tile.HalfRows;

    /// <summary>Threads of a group.</summary>
    public static int Threads => TOperands.IsSplit ? 256 : 512;

    /// <summary>Groups that a multiprocessor is to hold.</summary>
    public static int GroupsPerMultiprocessor => TOperands.IsSplit ? 2 : 1;

    /// <summary>Tokens of a tile.</summary>
    public static int Tokens(bool areTwo) => areTwo ? Rows / 2 : Rows;

    /// <summary>Steps whose weights are in shared memory as tensor cores take them.</summary>
    internal static int PartBuffers => TOperands.IsSplit ? 1 : 2;

    /// <summary>Bytes of an input in memory: fp32 that is split in registers, or 16 bits.</summary>
    internal static int InputSize => TOperands.IsSplit ? sizeof(float) : sizeof(ushort);

    /// <summary>Rows of x: tokens of one probe, or half as many of two.</summary>
    internal static int Rows => Threads / Tile.Warp * WarpRows;

    /// <summary>Outputs whose weights the threads prepare at once, a noise block each.</summary>
    internal static int PreparedOutputs => Threads / NoiseField.BlocksPerGroup;

    /// <summary>The first float of x in shared memory.</summary>
    internal static int InputsAt(int buffer) => buffer * Rows * Tile.Depth * InputSize / sizeof(float);

    /// <summary>The first row of the thread's warp.</summary>
    internal static int WarpRow => Group.IdxX / Tile.Warp * WarpRows;

    /// <summary>The probe that the thread's warp computes.</summary>
    internal static int WarpProbe(bool areTwo) => WarpRow / Tokens(areTwo);

    /// <summary>The first token that the thread's warp computes, counted from the tile's.</summary>
    internal static int WarpToken(bool areTwo) => WarpRow & (Tokens(areTwo) - 1);
}
