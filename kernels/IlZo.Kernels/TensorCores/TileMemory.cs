namespace IlZo.Kernels.TensorCores;

/// <summary>
/// Where the parts of <see cref="TensorLinear"/>'s tile lie in shared memory: x of two steps as [row][16 inputs], the stored weights of two steps as [64][16] or [16][64],
/// and each probe's weights as the tensor cores take them, in bf16x3 the high parts and then the low ones. The sums take the same place in the end.
/// </summary>
public static class TileMemory<TFormat, TOperands>
    where TFormat : struct, IWeightFormat
    where TOperands : struct, IOperandFormat
{
    private const int SumFloats = Tile.Threads / Tile.Warp * Tile.HalfRows * Tile.SumPitch;

    /// <summary>Floats: at most 48 KB, which is what a group gets without asking the driver for more.</summary>
    public static int Floats(bool areTwo) => Math.Max(PartAt(areTwo ? 2 : 1, 0), SumFloats);

    /// <summary>The first float of the stored weights.</summary>
    internal static int StoredAt(int buffer) => Tile.InputsAt<TOperands>(2) + (buffer * Tile.Weights * TFormat.Size / sizeof(float));

    /// <summary>The stored weights.</summary>
    internal static WeightView Stored(int buffer) => TFormat.Shared(StoredAt(buffer) * sizeof(float) / TFormat.Size, Tile.Weights);

    /// <summary>The first word of a probe's weights, in bf16x3 high (0) or low (1).</summary>
    internal static int PartAt(int probe, int part) => StoredAt(2) + (((probe * (TOperands.IsSplit ? 2 : 1)) + part) * Tile.PartWords);
}
