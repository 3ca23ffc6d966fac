namespace IlZo.Kernels.TensorCores;

/// <summary>
/// Where the parts of <see cref="TensorLinear"/>'s tile lie in shared memory: x of two steps as [row][16 inputs], the stored weights of two
/// steps as [64][16] or [16][64], and each probe's weights as the tensor cores take them, in bf16x3 the high parts and then the low ones.
/// The sums take the same place in the end.
/// </summary>
public static class TileMemory<TFormat, TOperands>
    where TFormat : struct, IWeightFormat
    where TOperands : struct, IOperandFormat
{
    /// <summary>Floats: at most 48 KB, which is what a group gets without asking the driver for more.</summary>
    public static int Floats(bool areTwo) => Math.Max(
        StoredAt(2) + (TileShape<TOperands>.PartBuffers * ProbeWords * (areTwo ? 2 : 1)),
        TileShape<TOperands>.Threads / Tile.Warp * Tile.StoredRows * Tile.SumPitch);

    /// <summary>The first float of the stored weights.</summary>
    internal static int StoredAt(int buffer) => TileShape<TOperands>.InputsAt(2) + (buffer * Tile.Weights * TFormat.Size / sizeof(float));

    /// <summary>The stored weights.</summary>
    internal static WeightView Stored(int buffer) => TFormat.Shared(StoredAt(buffer) * sizeof(float) / TFormat.Size, Tile.Weights);

    /// <summary>The first word of a probe's weights.</summary>
    internal static int PartsAt(int buffer, int probe) =>
        StoredAt(2) + (((probe * TileShape<TOperands>.PartBuffers) + (buffer & (TileShape<TOperands>.PartBuffers - 1))) * ProbeWords);

    private static int ProbeWords => Tile.PartWords * (TOperands.IsSplit ? 2 : 1);
}
