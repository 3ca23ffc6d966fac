using IlZo.Noise;
using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels;

/// <summary>What <see cref="Linear"/> takes. Activations have a row a token.</summary>
public struct LinearArguments
{
    /// <summary>The stored row or column of the first output: part of a large matrix can be multiplied.</summary>
    public int FirstOutput;

    public int Outputs;

    public int Inputs;

    /// <summary>1 where weights are stored as [in, out], 0 where as [out, in].</summary>
    public int Transposed;

    public int Tokens;

    /// <summary>The first probe's input.</summary>
    public RowsView X0;

    /// <summary>The second probe's input.</summary>
    public RowsView X1;

    /// <summary>The first probe's output.</summary>
    public RowsView Y0;

    /// <summary>The second probe's output.</summary>
    public RowsView Y1;

    /// <summary>The first probe's bias, or empty.</summary>
    public ArrayView<float> Bias0;

    /// <summary>The second probe's bias.</summary>
    public ArrayView<float> Bias1;

    /// <summary>1 where results are added to what is in Y, else 0.</summary>
    public int Accumulate;

    /// <summary>Threads of a group along the outputs; the others are along the tokens. Each thread computes 4 by 4 results.</summary>
    public int OutputThreads;
}

/// <summary>
/// y = f(x·Wᵀ + b (+ y)) at one or two probes, in fp32. A group computes a tile of outputs and tokens. It goes through the inputs in slices
/// of 64: the slice of W is read, widened and perturbed once for both probes on its way to shared memory. Sums run over the inputs in
/// order, so a result depends on nothing but its own row and column.
/// </summary>
/// <remarks>
/// Shared memory, in floats: W [64][outputs + 1] for each probe, then X [16][tokens + 1] for each probe. W is stored there by input,
/// whichever way the matrix lies.
/// </remarks>
public static class Linear
{
    /// <summary>Inputs of a slice: a noise group.</summary>
    public const int Depth = NoiseField.Group;

    /// <summary>Results of a thread in each direction.</summary>
    public const int Micro = 4;

    // Inputs of X that lie in shared memory at a time.
    private const int Stage = 16;

    /// <summary>Floats of shared memory that a group of some shape takes.</summary>
    public static int SharedFloats(int outputThreads, int tokenThreads, bool areTwo) =>
        ((Depth * ((Micro * outputThreads) + 1)) + (Stage * ((Micro * tokenThreads) + 1))) * (areTwo ? 2 : 1);

    [KernelName(nameof(Linear))]
    public static void Run<TFormat, TDirection, TProbes, TActivation>(PerturbedWeights<TDirection> weights, LinearArguments a)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
        where TActivation : struct, IActivation
    {
        int tokenThreads = Group.DimX / a.OutputThreads;
        int strideW = (Micro * a.OutputThreads) + 1;
        int strideX = (Micro * tokenThreads) + 1;
        var shared = SharedMemory.GetDynamic<float>();
        int copies = TProbes.AreTwo ? 2 : 1;
        var w0 = shared.SubView(0, Depth * strideW);
        var w1 = shared.SubView((copies - 1) * Depth * strideW, Depth * strideW);
        var x0 = shared.SubView(copies * Depth * strideW, Stage * strideX);
        var x1 = shared.SubView((copies * Depth * strideW) + ((copies - 1) * Stage * strideX), Stage * strideX);
        int output = Grid.IdxX * Micro * a.OutputThreads;
        int token = Grid.IdxY * Micro * tokenThreads;
        int o = Group.IdxX % a.OutputThreads;
        int t = Group.IdxX / a.OutputThreads;
        var sum0 = default(Tile);
        var sum1 = default(Tile);
        for (int input = 0; input < a.Inputs; input += Depth)
        {
            LoadWeights<TFormat, TDirection, TProbes>(weights, a, output, input, w0, w1, strideW);
            for (int stage = 0; stage < Depth; stage += Stage)
            {
                LoadInputs(a, a.X0, token, input + stage, x0, strideX);
                if (TProbes.AreTwo)
                {
                    LoadInputs(a, a.X1, token, input + stage, x1, strideX);
                }

                Group.Barrier();
                for (int k = 0; k < Stage; k++)
                {
                    sum0 = Multiply(sum0, w0, ((stage + k) * strideW) + o, a.OutputThreads, x0, (k * strideX) + t, tokenThreads);
                    if (TProbes.AreTwo)
                    {
                        sum1 = Multiply(sum1, w1, ((stage + k) * strideW) + o, a.OutputThreads, x1, (k * strideX) + t, tokenThreads);
                    }
                }

                Group.Barrier();
            }
        }

        StoreTile<TActivation>(a, sum0, a.Y0, a.Bias0, output + o, token + t, tokenThreads);
        if (TProbes.AreTwo)
        {
            StoreTile<TActivation>(a, sum1, a.Y1, a.Bias1, output + o, token + t, tokenThreads);
        }
    }

    // A slice of W to shared memory, a noise block (8 elements of a stored row) at a time. Stored rows are outputs or inputs.
    private static void LoadWeights<TFormat, TDirection, TProbes>(
        PerturbedWeights<TDirection> weights, LinearArguments a, int output, int input, ArrayView<float> w0, ArrayView<float> w1,
        int strideW)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
    {
        bool transposed = a.Transposed != 0;
        int tileOutputs = Micro * a.OutputThreads;
        int rows = transposed ? Depth : tileOutputs;
        int firstRow = transposed ? input : a.FirstOutput + output;
        int firstColumn = transposed ? a.FirstOutput + output : input;
        int endRow = transposed ? a.Inputs : a.FirstOutput + a.Outputs;
        for (int item = Group.IdxX; item < rows * NoiseField.BlocksPerGroup; item += Group.DimX)
        {
            int r = item / NoiseField.BlocksPerGroup;
            int block = item % NoiseField.BlocksPerGroup;
            var place = new NoiseBlock(firstRow + r, firstColumn / NoiseField.Group, block, weights.Columns);
            var read = firstRow + r < endRow ? weights.Read<TFormat>(place) : default;
            Eight.ForEach(new SharedStore<TProbes>
            {
                Place = place,
                Read = read,
                Radius0 = weights.Radius0,
                Radius1 = weights.Radius1,
                W0 = w0,
                W1 = w1,
                First = transposed ? r * strideW : r,
                Step = transposed ? 1 : strideW,
            });
        }
    }

    private static void LoadInputs(LinearArguments a, RowsView x, int token, int input, ArrayView<float> to, int strideX)
    {
        int count = (strideX - 1) * Stage;
        for (int item = Group.IdxX; item < count; item += Group.DimX)
        {
            int k = item % Stage;
            int t = item / Stage;
            bool exists = token + t < a.Tokens && input + k < a.Inputs;
            to[(k * strideX) + t] = exists ? x[token + t, input + k] : 0;
        }
    }

    private static Tile Multiply(Tile sum, ArrayView<float> w, int firstW, int stepW, ArrayView<float> x, int firstX, int stepX)
    {
        float a0 = w[firstW];
        float a1 = w[firstW + stepW];
        float a2 = w[firstW + (2 * stepW)];
        float a3 = w[firstW + (3 * stepW)];
        float b0 = x[firstX];
        float b1 = x[firstX + stepX];
        float b2 = x[firstX + (2 * stepX)];
        float b3 = x[firstX + (3 * stepX)];
        return new Tile(
            sum.Row0.Add(b0, a0, a1, a2, a3), sum.Row1.Add(b1, a0, a1, a2, a3), sum.Row2.Add(b2, a0, a1, a2, a3),
            sum.Row3.Add(b3, a0, a1, a2, a3));
    }

    private static void StoreTile<TActivation>(
        LinearArguments a, Tile sum, RowsView y, ArrayView<float> bias, int output, int token, int tokenThreads)
        where TActivation : struct, IActivation
    {
        StoreRow<TActivation>(a, sum.Row0, y, bias, output, token);
        StoreRow<TActivation>(a, sum.Row1, y, bias, output, token + tokenThreads);
        StoreRow<TActivation>(a, sum.Row2, y, bias, output, token + (2 * tokenThreads));
        StoreRow<TActivation>(a, sum.Row3, y, bias, output, token + (3 * tokenThreads));
    }

    private static void StoreRow<TActivation>(LinearArguments a, Quad row, RowsView y, ArrayView<float> bias, int output, int token)
        where TActivation : struct, IActivation
    {
        if (token < a.Tokens)
        {
            StoreOne<TActivation>(a, row.V0, y, bias, output, token);
            StoreOne<TActivation>(a, row.V1, y, bias, output + a.OutputThreads, token);
            StoreOne<TActivation>(a, row.V2, y, bias, output + (2 * a.OutputThreads), token);
            StoreOne<TActivation>(a, row.V3, y, bias, output + (3 * a.OutputThreads), token);
        }
    }

    internal static void StoreOne<TActivation>(LinearArguments a, float sum, RowsView y, ArrayView<float> bias, int output, int token)
        where TActivation : struct, IActivation
    {
        if (output < a.Outputs)
        {
            float value = bias.Length > 0 ? sum + bias[output] : sum;
            y[token, output] = TActivation.Apply(a.Accumulate != 0 ? value + y[token, output] : value);
        }
    }

    /// <summary>Puts the elements of a block where products find them.</summary>
    private struct SharedStore<TProbes> : IElementAction
        where TProbes : struct, IProbes
    {
        public NoiseBlock Place;
        public PerturbedBlock Read;
        public float Radius0;
        public float Radius1;
        public ArrayView<float> W0;
        public ArrayView<float> W1;
        public int First;
        public int Step;

        public readonly void Do(int index)
        {
            int to = First + (NoiseWords.Column(Place.Block, index) * Step);
            bool exists = Place.Has(index);
            W0[to] = exists ? Read.At(index, Radius0) : 0;
            if (TProbes.AreTwo)
            {
                W1[to] = exists ? Read.At(index, Radius1) : 0;
            }
        }
    }

    /// <summary>A thread's results: four tokens.</summary>
    private readonly struct Tile(Quad row0, Quad row1, Quad row2, Quad row3)
    {
        public readonly Quad Row0 = row0;
        public readonly Quad Row1 = row1;
        public readonly Quad Row2 = row2;
        public readonly Quad Row3 = row3;
    }
}
