using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels.TensorCores;

/// <summary>Weights of some outputs that <see cref="WeightOperands"/> has made.</summary>
public struct OperandBlock
{
    /// <summary>[outputs, words]: <see cref="Cells{TOperands}"/> of the first probe.</summary>
    public ArrayView<float> First;

    /// <summary>Those of the second probe.</summary>
    public ArrayView<float> Second;

    /// <summary>The product's first of these outputs.</summary>
    public int Output;

    public int Outputs;

    /// <summary>Words of a row of x and of W.</summary>
    public int Words;
}

/// <summary>
/// <see cref="TensorLinear"/> for many tokens: the same results, bit for bit, from operands that were made beforehand.
/// </summary>
/// <remarks>
/// A group of 4 warps computes 128 tokens by 128 outputs at one probe, in steps of a cell (<see cref="Cells{TOperands}"/>); a thread has
/// 128 sums (<see cref="ITileSums{TSelf}"/>). Cells of three steps are in shared memory: two are copied while one is multiplied, with a
/// barrier a step. What is multiplied, and the order of sums, are those of <see cref="TensorLinear"/>.
/// </remarks>
public static class OperandProduct
{
    /// <summary>Tokens, and outputs, of a tile.</summary>
    public const int Side = OperandTile.Side;

    /// <summary>Threads of a group.</summary>
    public const int Threads = 4 * Tile.Warp;

    /// <summary>Groups that a multiprocessor is to hold.</summary>
    public const int GroupsPerMultiprocessor = 2;

    /// <summary>Floats of shared memory: 48 KB, which is what a group gets without asking the driver for more.</summary>
    public const int SharedFloats = Steps * OperandTile.Bytes / sizeof(float);

    // Steps whose cells are in shared memory.
    private const int Steps = 3;

    [KernelName(nameof(OperandProduct))]
    public static void Run<TOperands, TSums, TActivation>(OperandBlock weights, LinearArguments a)
        where TOperands : struct, IOperandFormat
        where TSums : struct, ITileSums<TSums>
        where TActivation : struct, IActivation
    {
        int token = Grid.IdxX * OperandTile.Side;
        int output = Grid.IdxY * OperandTile.Side;
        bool isSecond = Grid.IdxZ == 1;
        var shared = SharedMemory.GetDynamic<float>();
        uint address = Instructions.SharedAddress(ref shared[0]);
        var copies = OperandCopies.Of(
            address, isSecond ? a.X1 : a.X0, token, a.Tokens,
            new RowsView(isSecond ? weights.Second : weights.First, weights.Words), output, weights.Outputs);
        int steps = weights.Words / Cells<TOperands>.Words;
        var sums = default(TSums);
        copies.Begin(0, 0);
        Instructions.CommitCopies();
        if (steps > 1)
        {
            copies.Begin(1, OperandTile.Bytes);
        }

        Instructions.CommitCopies();
        int place = 0;
        for (int step = 0; step < steps; step++)
        {
            Instructions.WaitForCopiesBeforeLast();
            if (TSums.IsOfWarpgroup)
            {
                WarpgroupInstructions.ShowCopies();
            }

            Group.Barrier();
            if (step + 2 < steps)
            {
                copies.Begin(step + 2, place == 0 ? 2 * OperandTile.Bytes : place - OperandTile.Bytes);
            }

            Instructions.CommitCopies();
            sums = sums.Add<TOperands>(address + (uint)place);
            place = place == (Steps - 1) * OperandTile.Bytes ? 0 : place + OperandTile.Bytes;
        }

        // Sums take the place of what all warps have read.
        Group.Barrier();
        Store<TSums, TActivation>(weights, a, isSecond, shared, sums, 0);
        Store<TSums, TActivation>(weights, a, isSecond, shared, sums.Exchanged(), 1);
    }

    // A half of the sums goes through shared memory of the warp, so that it writes neighbouring outputs and the activation's code is there
    // once.
    private static void Store<TSums, TActivation>(
        OperandBlock weights, LinearArguments a, bool isSecond, ArrayView<float> shared, TSums sums, int half)
        where TSums : struct, ITileSums<TSums>
        where TActivation : struct, IActivation
    {
        int own = Group.IdxX / Tile.Warp * TSums.Tokens * TSums.Pitch;
        int token = (Grid.IdxX * OperandTile.Side) + TSums.Token(half);
        int output = (Grid.IdxY * OperandTile.Side) + TSums.Output;
        var y = isSecond ? a.Y1 : a.Y0;
        var bias = isSecond ? a.Bias1 : a.Bias0;
        sums.Store(shared, own);
        Instructions.WarpBarrier();
        for (int item = Tile.Lane; item < TSums.Tokens * TSums.Outputs; item += Tile.Warp)
        {
            int t = item / TSums.Outputs;
            int o = item % TSums.Outputs;
            if (token + t < a.Tokens && output + o < weights.Outputs)
            {
                Linear.StoreOne<TActivation>(a, shared[own + (t * TSums.Pitch) + o], y, bias, weights.Output + output + o, token + t);
            }
        }

        Instructions.WarpBarrier();
    }
}
