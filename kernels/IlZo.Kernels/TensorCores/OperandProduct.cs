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
/// A group of 4 warps computes 128 tokens by 128 outputs at one probe, in steps of a cell (<see cref="Cells{TOperands}"/>); a warp has 64
/// by 64 sums, 128 a thread. Cells of three steps are in shared memory: two are copied while one is multiplied, with a barrier a step. What
/// is multiplied, and the order of sums, are those of <see cref="TensorLinear"/>.
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
    public static void Run<TOperands, TActivation>(OperandBlock weights, LinearArguments a)
        where TOperands : struct, IOperandFormat
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
        var upper = default(WarpSums);
        var lower = default(WarpSums);
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
            Group.Barrier();
            if (step + 2 < steps)
            {
                copies.Begin(step + 2, place == 0 ? 2 * OperandTile.Bytes : place - OperandTile.Bytes);
            }

            Instructions.CommitCopies();
            uint cells = address + (uint)place;
            var high = OperandTile.Columns(cells, 0);
            if (TOperands.IsSplit)
            {
                // The smaller products first.
                var lowRows = OperandTile.Rows(cells, 1);
                upper = upper.Add<TOperands>(lowRows.X0, lowRows.X1, high);
                lower = lower.Add<TOperands>(lowRows.X2, lowRows.X3, high);
                var rows = OperandTile.Rows(cells, 0);
                var low = OperandTile.Columns(cells, 1);
                upper = upper.Add<TOperands>(rows.X0, rows.X1, low).Add<TOperands>(rows.X0, rows.X1, high);
                lower = lower.Add<TOperands>(rows.X2, rows.X3, low).Add<TOperands>(rows.X2, rows.X3, high);
            }
            else
            {
                var rows = OperandTile.Rows(cells, 0);
                upper = upper.Add<TOperands>(rows.X0, rows.X1, high);
                lower = lower.Add<TOperands>(rows.X2, rows.X3, high);
                var nextRows = OperandTile.Rows(cells, 1);
                var next = OperandTile.Columns(cells, 1);
                upper = upper.Add<TOperands>(nextRows.X0, nextRows.X1, next);
                lower = lower.Add<TOperands>(nextRows.X2, nextRows.X3, next);
            }

            place = place == (Steps - 1) * OperandTile.Bytes ? 0 : place + OperandTile.Bytes;
        }

        // Sums take the place of what all warps have read.
        Group.Barrier();
        int warpToken = token + OperandTile.WarpToken;
        int warpOutput = output + OperandTile.WarpOutput;
        if (warpToken < a.Tokens && warpOutput < weights.Outputs)
        {
            Store<TActivation>(a, isSecond, shared, upper, lower, weights.Output + warpOutput, warpToken);
        }
    }

    // 8 tokens at a time, as TensorLinear does; the lower half after the upper one by the same code.
    private static void Store<TActivation>(
        LinearArguments a, bool isSecond, ArrayView<float> shared, WarpSums upper, WarpSums lower, int output, int token)
        where TActivation : struct, IActivation
    {
        int own = Group.IdxX / Tile.Warp * Tile.StoredRows * Tile.SumPitch;
        var y = isSecond ? a.Y1 : a.Y0;
        var bias = isSecond ? a.Bias1 : a.Bias0;
        for (int eighth = 0; eighth < 8; eighth++)
        {
            upper.Store(shared, own, eighth % 4);
            Instructions.WarpBarrier();
            int first = token + (eighth * Tile.StoredRows);
            for (int item = Tile.Lane; item < Tile.StoredRows * Tile.Outputs; item += Tile.Warp)
            {
                int t = item / Tile.Outputs;
                int o = item % Tile.Outputs;
                if (first + t < a.Tokens)
                {
                    Linear.StoreOne<TActivation>(a, shared[own + (t * Tile.SumPitch) + o], y, bias, output + o, first + t);
                }
            }

            Instructions.WarpBarrier();
            if (eighth == 3)
            {
                upper = lower;
            }
        }
    }
}
