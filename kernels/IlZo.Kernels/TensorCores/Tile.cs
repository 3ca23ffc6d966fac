using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// The sizes of <see cref="TensorLinear"/>'s tile, who computes what in it, and where its parts lie in shared memory: x of two steps as [row][16 inputs] in fp32,
/// the stored weights of two steps as [64][16] or [16][64], and the high and the low part of each probe's weights in bfloat16.
/// </summary>
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

    // Rows of x: tokens of one probe, or half as many of two.
    private const int Rows = 256;

    private const int WarpRows = 2 * HalfRows;

    /// <summary>Tokens of a tile.</summary>
    public static int Tokens(bool areTwo) => areTwo ? Rows / 2 : Rows;

    /// <summary>Floats of shared memory: at most 48 KB, which is what a group gets without asking the driver for more.</summary>
    public static int SharedFloats(int weightSize, bool areTwo) => PartAt(weightSize, areTwo ? 2 : 1, 0);

    /// <summary>The first float of x.</summary>
    internal static int InputsAt(int buffer) => buffer * Rows * Depth;

    /// <summary>The first float of the stored weights.</summary>
    internal static int StoredAt(int weightSize, int buffer) => InputsAt(2) + (buffer * Weights * weightSize / sizeof(float));

    /// <summary>The first word of a probe's weights, high (0) or low (1).</summary>
    internal static int PartAt(int weightSize, int probe, int part) => StoredAt(weightSize, 2) + (((2 * probe) + part) * PartWords);

    /// <summary>The stored weights.</summary>
    internal static WeightView Stored<TFormat>(int buffer)
        where TFormat : struct, IWeightFormat => TFormat.Shared(StoredAt(TFormat.Size, buffer) * sizeof(float) / TFormat.Size, Weights);

    /// <summary>The thread's place in its warp.</summary>
    internal static int Lane => Group.IdxX % Warp;

    /// <summary>The first row of the thread's warp.</summary>
    internal static int WarpRow => Group.IdxX / Warp * WarpRows;

    /// <summary>The probe that the thread's warp computes.</summary>
    internal static int WarpProbe(bool areTwo) => WarpRow / Tokens(areTwo);

    /// <summary>The first token that the thread's warp computes, counted from the tile's.</summary>
    internal static int WarpToken(bool areTwo) => WarpRow % Tokens(areTwo);
}
