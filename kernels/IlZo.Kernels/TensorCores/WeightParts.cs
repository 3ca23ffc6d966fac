using IlZo.Noise;
using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// Stored weights of a step become W + rδ at each probe, as the tensor cores take them: in two parts of bfloat16, or in one part of 16
/// bits. A thread makes pairs of neighbouring elements that a noise block decides.
/// </summary>
/// <remarks>
/// A part lies as [64 outputs][16 inputs] or, where stored rows are inputs, as [16 inputs][64 outputs]. Inputs are at the places that
/// <see cref="Place"/> says, so that a thread's four inputs in an mma.sync, 2t, 2t + 1, 2t + 8 and 2t + 9, are the inputs 4t to 4t + 3.
/// Chunks of 16 bytes in a row are swizzled: neither the pairs that a warp writes nor the eight rows that an ldmatrix reads share a bank.
/// </remarks>
internal static class WeightParts
{
    private const int OutputWords = Tile.Depth / 2;
    private const int InputWords = Tile.Outputs / 2;
    private const int ChunkWords = Tile.Chunk / sizeof(uint);

    /// <summary>
    /// δ of a thread's pairs in four steps. It may depend on the weights of the whole group, of which shared memory has one step: those are
    /// read here. Outputs that do not exist are the last one, whose results nobody stores.
    /// </summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="a">What to multiply.</param>
    /// <param name="output">The first output that is prepared.</param>
    /// <param name="input">The first input.</param>
    public static Eight Elements<TFormat, TDirection>(PerturbedWeights<TDirection> weights, LinearArguments a, int output, int input)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
    {
        int row = a.FirstOutput + Math.Min(output + Row, a.Outputs - 1);
        return weights.Elements<TFormat>(new NoiseBlock(row, input / NoiseField.Group, Block, weights.Columns));
    }

    /// <summary>A pair a thread, that of the first two elements.</summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="elements">δ.</param>
    /// <param name="first">The first output that is prepared, counted from the tile's.</param>
    /// <param name="buffer">Where the weights are, and where the parts go.</param>
    public static void Run<TFormat, TDirection, TProbes, TOperands>(
        PerturbedWeights<TDirection> weights, Eight elements, int first, int buffer)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
        where TOperands : struct, IOperandFormat
    {
        int chunk = (Block & 1) ^ ((Row >> 2) & 1);
        int word = ((first + Row) * OutputWords) + (chunk * ChunkWords) + (Block >> 1);
        int from = ((first + Row) * Tile.Depth) + (2 * Block);
        PutPair<TFormat, TDirection, TProbes, TOperands>(weights, elements, buffer, from, word);
    }

    /// <summary>Four pairs a thread of the first four warps, where stored rows are inputs.</summary>
    public static void RunTransposed<TFormat, TDirection, TProbes, TOperands>(
        PerturbedWeights<TDirection> weights, LinearArguments a, int output, int input, int buffer)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
        where TOperands : struct, IOperandFormat
    {
        if (Row >= Tile.Depth)
        {
            return;
        }

        var block = new NoiseBlock(input + Row, (a.FirstOutput + output) / NoiseField.Group, Block, weights.Columns);
        var elements = TDirection.IsPerturbed && input + Row < a.Inputs ? weights.Elements<TFormat>(block) : default;
        int place = Place(Row);
        for (int i = 0; i < NoiseWords.Count; i += 2)
        {
            int column = NoiseWords.Column(Block, i);
            int chunk = (column / (2 * ChunkWords)) ^ Swizzle(place);
            int word = (place * InputWords) + (chunk * ChunkWords) + ((column / 2) & (ChunkWords - 1));
            PutPair<TFormat, TDirection, TProbes, TOperands>(weights, elements, buffer, (Row * Tile.Outputs) + column, word);
            elements = elements.AfterPair();
        }
    }

    /// <summary>
    /// The address that a thread gives to ldmatrix for the first 8 outputs: high for inputs 0 to 7 and 8 to 15, then low; or for the first
    /// 16, where numbers are not split.
    /// </summary>
    /// <param name="parts">The address of a probe's weights.</param>
    public static uint FragmentAddress<TOperands, TOrder>(uint parts)
        where TOperands : struct, IOperandFormat
        where TOrder : struct, IMatrixOrder
    {
        uint second = (uint)Tile.Lane / 16;
        int half = (Tile.Lane / 8) & 1;
        int row = Tile.Lane & 7;
        int word = TOrder.IsTransposed
            ? (((8 * half) + row) * InputWords) + (Swizzle((8 * half) + row) * ChunkWords)
            : (row * OutputWords) + ((half ^ (row >> 2)) * ChunkWords);
        uint first = parts + (uint)(word * sizeof(uint));
        return TOperands.IsSplit ? first + (second * Tile.PartWords * sizeof(uint)) : Column<TOrder>(first, second);
    }

    /// <summary>What a thread holds of 8 outputs by 16 inputs, high and low, or of 16 outputs by 16 inputs.</summary>
    /// <param name="address">The address for the first outputs.</param>
    /// <param name="index">Which 8 outputs, or the first 8 of which 16.</param>
    public static Fragment Load<TOrder>(uint address, uint index)
        where TOrder : struct, IMatrixOrder => TOrder.IsTransposed
        ? Instructions.LoadMatricesTransposed(Column<TOrder>(address, index))
        : Instructions.LoadMatrices(Column<TOrder>(address, index));

    // The address for other 8 outputs.
    private static uint Column<TOrder>(uint address, uint index)
        where TOrder : struct, IMatrixOrder =>
            TOrder.IsTransposed ? address ^ (index * Tile.Chunk) : address + (index * 8 * OutputWords * sizeof(uint));

    private static int Row => Group.IdxX / NoiseField.BlocksPerGroup;

    private static int Block => Group.IdxX & (NoiseField.BlocksPerGroup - 1);

    // Of inputs 4t to 4t + 3 the first two go to 2t, the others to 2t + 8.
    private static int Place(int input) => (input & 1) | ((input & 2) << 2) | ((input & 12) >> 1);

    private static int Swizzle(int row) => ((row & 3) << 1) | ((row >> 2) & 1);

    private static void PutPair<TFormat, TDirection, TProbes, TOperands>(
        PerturbedWeights<TDirection> weights, Eight elements, int buffer, int from, int word)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
        where TOperands : struct, IOperandFormat
    {
        var stored = TileMemory<TFormat, TOperands>.Stored(buffer);
        float first = TFormat.LoadShared(stored, from);
        float second = TFormat.LoadShared(stored, from + 1);
        float firstElement = elements.At(0);
        float secondElement = elements.At(1);
        Put<TOperands>(
            TileMemory<TFormat, TOperands>.PartsAt(buffer, 0) + word, first, firstElement, second, secondElement, weights.Radius0);
        if (TProbes.AreTwo)
        {
            Put<TOperands>(
                TileMemory<TFormat, TOperands>.PartsAt(buffer, 1) + word, first, firstElement, second, secondElement, weights.Radius1);
        }
    }

    private static void Put<TOperands>(int to, float first, float firstElement, float second, float secondElement, float radius)
        where TOperands : struct, IOperandFormat
    {
        var parts = SharedMemory.GetDynamic<uint>();
        float lower = DeviceMath.FusedMultiplyAdd(firstElement, radius, first);
        float upper = DeviceMath.FusedMultiplyAdd(secondElement, radius, second);
        if (TOperands.IsSplit)
        {
            var pair = BFloat16Pair.Of(lower, upper);
            parts[to] = pair.High;
            parts[to + Tile.PartWords] = pair.Low;
        }
        else
        {
            parts[to] = TOperands.Pack(upper, lower);
        }
    }
}
