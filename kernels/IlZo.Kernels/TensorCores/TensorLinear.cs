using IlZo.Noise;
using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels.TensorCores;

/// <summary>
/// <see cref="Linear"/> on the tensor cores of compute capability 8.0 and later: the same arguments, the same results within rounding.
/// </summary>
/// <remarks>
/// <para>
/// Numbers (<see cref="IOperandFormat"/>). In bf16x3 every number is the sum of two in bfloat16 (<see cref="BFloat16Pair"/>): x from
/// memory, and W + rδ, which is computed in fp32 with the bits that every other product uses. A product is three: x_low·w_high +
/// x_high·w_low + x_high·w_high, summed in fp32. That keeps 16 bits of a number's fraction, at all magnitudes that fp32 has, so that an
/// activation cannot overflow and a perturbation far below the spacing of 16-bit weights is not lost; it costs two thirds of the tensor
/// cores' peak. In fp16 and bf16 W + rδ is rounded once, x has been (<see cref="RoundedInputs"/>), and a product is one.
/// </para>
/// <para>
/// Tile. A group of 8 warps computes 64 outputs for 128 tokens at two probes, or for 256 at one, in steps of 16 inputs. This is so in
/// bf16x3; in 16 bits there are twice as many warps and tokens, and no low parts (<see cref="TileShape{TOperands}"/>):
/// <code>
///                    64 outputs
///                 +-------------+  W: fp16, bf16 or fp32 in memory
///       16 inputs |   stored    |--+ cp.async, one step ahead
///                 +-------------+  |
///                                  | widen, + r0·δ and + r1·δ, split (all threads, once)
///                                  v
///    16 inputs    +------+------+------+------+
///   +---------+   | high | low  | high | low  |  bfloat16, swizzled; read by ldmatrix
///   | probe 0 |   +------+------+------+------+
///   | 32 rows |-->|  probe 0    |  probe 1    |
///   | a warp  |   |             |
///   |   ...   |   | 32 by 64 sums a warp, 64 registers a thread
///   +---------+   |
///   | probe 1 |-->|  cp.async, one step ahead; a warp reads its own rows, 16 bytes a thread, and splits them in registers
///   +---------+
/// </code>
/// The inputs of a step are the inner indices of an mma.sync in the order 0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, in which a
/// thread's operands lie side by side in x (<see cref="WeightParts"/>). A sum runs over the steps in order: a result depends on nothing but
/// its own row and column.
/// </para>
/// </remarks>
public static class TensorLinear
{
    [KernelName(nameof(TensorLinear))]
    public static void Run<TFormat, TDirection, TProbes, TOperands, TOrder, TActivation>(
        PerturbedWeights<TDirection> weights, LinearArguments a)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
        where TOperands : struct, IOperandFormat
        where TOrder : struct, IMatrixOrder
        where TActivation : struct, IActivation
    {
        int output = Grid.IdxX * Tile.Outputs;
        int token = Grid.IdxY * TileShape<TOperands>.Tokens(TProbes.AreTwo);
        int warpToken = token + TileShape<TOperands>.WarpToken(TProbes.AreTwo);
        var shared = SharedMemory.GetDynamic<float>();
        uint address = Instructions.SharedAddress(ref shared[0]);
        var inputs = InputCopies<TOperands>.Of<TProbes>(a, token);
        var copies = WeightCopies.Of<TFormat, TOrder>(weights.Weights, weights.Columns, a, output);
        var elements0 = default(Eight);
        var elements1 = default(Eight);
        var sums = default(WarpSums);
        copies.Begin<TFormat, TOperands, TOrder>(a, 0, address, 0);

        // A step is multiplied while x of the next and the stored weights of the one after that are copied, and the next one's weights
        // prepared.
        for (int input = -Tile.Depth; ; input += Tile.Depth)
        {
            Instructions.WaitForCopies();
            Group.Barrier();
            int next = input + Tile.Depth;
            int buffer = (next / Tile.Depth) & 1;
            if (next < a.Inputs)
            {
                inputs.Begin<TProbes>(a, next, address, buffer);
            }

            if (next + Tile.Depth < a.Inputs)
            {
                copies.Begin<TFormat, TOperands, TOrder>(a, next + Tile.Depth, address, buffer ^ 1);
            }

            if (input >= 0 && warpToken < a.Tokens)
            {
                int parts = TileMemory<TFormat, TOperands>.PartsAt(buffer ^ 1, TileShape<TOperands>.WarpProbe(TProbes.AreTwo));
                sums = sums.Add<TOperands, TOrder>(TileShape<TOperands>.InputsAt(buffer ^ 1), address + (uint)(parts * sizeof(float)));
            }

            if (next >= a.Inputs)
            {
                break;
            }

            if (TileShape<TOperands>.PartBuffers == 1)
            {
                Group.Barrier();
            }

            if (TOrder.IsTransposed)
            {
                WeightParts.RunTransposed<TFormat, TDirection, TProbes, TOperands>(weights, a, output, next, buffer);
                continue;
            }

            if (TDirection.IsPerturbed && (next & (NoiseField.Group - 1)) == 0)
            {
                elements0 = WeightParts.Elements<TFormat, TDirection>(weights, a, output, next);
                if (TOperands.IsSplit)
                {
                    elements1 = WeightParts.Elements<TFormat, TDirection>(weights, a, output + TileShape<TOperands>.PreparedOutputs, next);
                }
            }

            WeightParts.Run<TFormat, TDirection, TProbes, TOperands>(weights, elements0, 0, buffer);
            elements0 = elements0.AfterPair();
            if (TOperands.IsSplit)
            {
                WeightParts.Run<TFormat, TDirection, TProbes, TOperands>(weights, elements1, TileShape<TOperands>.PreparedOutputs, buffer);
                elements1 = elements1.AfterPair();
            }
        }

        // Sums take the place of what all warps have read.
        Group.Barrier();
        if (warpToken < a.Tokens)
        {
            Store<TProbes, TOperands, TActivation>(a, sums, shared, output, warpToken);
        }
    }

    // Sums go through shared memory of the warp, 8 tokens at a time, so that it writes neighbouring outputs and the activation's code is
    // there once.
    private static void Store<TProbes, TOperands, TActivation>(
        LinearArguments a, WarpSums sums, ArrayView<float> shared, int output, int token)
        where TProbes : struct, IProbes
        where TOperands : struct, IOperandFormat
        where TActivation : struct, IActivation
    {
        int own = Group.IdxX / Tile.Warp * Tile.StoredRows * Tile.SumPitch;
        bool isSecond = TileShape<TOperands>.WarpProbe(TProbes.AreTwo) == 1;
        var y = isSecond ? a.Y1 : a.Y0;
        var bias = isSecond ? a.Bias1 : a.Bias0;
        for (int quarter = 0; quarter < 4; quarter++)
        {
            sums.Store(shared, own, quarter);
            Instructions.WarpBarrier();
            int first = token + (quarter * Tile.StoredRows);
            for (int item = Tile.Lane; item < Tile.StoredRows * Tile.Outputs; item += Tile.Warp)
            {
                int t = item / Tile.Outputs;
                int o = item & (Tile.Outputs - 1);
                if (first + t < a.Tokens)
                {
                    Linear.StoreOne<TActivation>(a, shared[own + (t * Tile.SumPitch) + o], y, bias, output + o, first + t);
                }
            }

            Instructions.WarpBarrier();
        }
    }
}
