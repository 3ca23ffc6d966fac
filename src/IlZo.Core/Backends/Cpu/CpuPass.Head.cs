using System.Diagnostics;
using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

internal unsafe partial class CpuPass
{
    // Vocabulary rows a worker takes at a time. Fixed, because the sums of exponentials are formed block by block.
    private protected const int HeadRows = 192;

    public virtual double[][] LogProbabilities(Activation x, OutputHead head, IReadOnlyList<(int Output, int Id)> targets)
    {
        using var use = EnterPass();
        using var heldWeight = _pass.Read(head.Weight);
        using var heldBias = _pass.Read(head.Bias);
        var from = Own(x);
        Fit.Targets(head, x, targets);
        return LogProbabilitiesOf(from, head, targets);
    }

    /// <summary>log softmax(head(x))[target] for each target and probe, [probe][target].</summary>
    private protected virtual double[][] LogProbabilitiesOf(
        CpuActivation from, OutputHead head, IReadOnlyList<(int Output, int Id)> targets)
    {
        int blocks = (head.Rows + HeadRows - 1) / HeadRows;
        int parts = from.IsShared && !IsPerturbed(head) ? 1 : _points.Count;
        int width = parts * from.Panels * Panel.Lanes;
        _profile.CountProducts(head.Weight.Count * from.Tokens * parts);
        long sumBytes = (long)blocks * width * sizeof(float);
        float* largest = _arena.Rent(sumBytes);
        float* sums = _arena.Rent(sumBytes);
        long logitBytes = (long)parts * targets.Count * sizeof(float);
        float* logits = _arena.Rent(logitBytes);
        float* biases = RentBias(head);
        var operand = OperandOf(from);
        _pool.Run(blocks, new LogProbabilityWork(this, from, operand, head, biases, parts, targets, logits, largest, sums));
        var result = new double[_points.Count][];
        for (int probe = 0; probe < result.Length; probe++)
        {
            int part = parts == 1 ? 0 : probe;
            result[probe] = new double[targets.Count];
            for (int i = 0; i < targets.Count; i++)
            {
                int column = (part * from.Panels * Panel.Lanes) + targets[i].Output;
                result[probe][i] = logits[(part * targets.Count) + i] - LogSum(largest + column, sums + column, width, blocks);
            }
        }

        ReturnBias(head, biases);
        _arena.Return(logits, logitBytes);
        _arena.Return(sums, sumBytes);
        _arena.Return(largest, sumBytes);
        return result;
    }

    public void Logits(Activation x, OutputHead head, Span<float> destination, int firstRow = 0)
    {
        using var use = EnterPass();
        using var heldWeight = _pass.Read(head.Weight);
        using var heldBias = _pass.Read(head.Bias);
        var from = Own(x);
        Fit.Head(head, x);
        int end = firstRow + (destination.Length / head.Rows);
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end, from.Tokens, nameof(destination));
        float* biases = RentBias(head);
        fixed (float* d = destination)
        {
            if (IsDecoding)
            {
                DecodeLogits(from, head, biases, firstRow, end - firstRow, d);
            }
            else
            {
                var operand = OperandOf(from);
                _pool.Run((head.Rows + HeadRows - 1) / HeadRows, new LogitsWork(this, from, operand, head, biases, firstRow, end, d));
            }
        }

        ReturnBias(head, biases);
    }

    /// <summary>
    /// Bytes that the log-probabilities of one output take beside it: its sums over each block of rows, and its logits of a block for each
    /// thread.
    /// </summary>
    internal static long HeadBytes(OutputHead head, int threads) =>
        sizeof(float) * ((2L * ((head.Rows + HeadRows - 1) / HeadRows)) + ((long)HeadRows * threads));

    /// <summary>Whether logits differ between the probes where what they are made of does not.</summary>
    private protected bool IsPerturbed(OutputHead head) => IsPerturbed(head.Weight) || (head.Bias is { } bias && IsPerturbed(bias));

    // The bias at every probe, or null.
    private protected float* RentBias(OutputHead head) => head.Bias is null ? null : RentVector(head.Bias);

    private protected void ReturnBias(OutputHead head, float* biases)
    {
        if (head.Bias is not null)
        {
            ReturnVector(head.Bias, biases);
        }
    }

    // The logits of some vocabulary rows for some panels of x, as [panel][HeadRows][32].
    private float* MultiplyHead(
        CpuActivation x, PanelOperand operand, OutputHead head, float* biases, int row, int rows, int firstPanel, int panels, int worker)
    {
        var scratch = _scratch[worker];
        long time = Stopwatch.GetTimestamp();
        float* tile = scratch.Tile((long)panels * HeadRows * Panel.Lanes);
        for (int i = 0; i < panels; i++)
        {
            float* bias = biases == null ? null : biases + ((long)((firstPanel + i) / x.Panels) * head.Rows) + row;
            StartTile(tile + ((long)i * HeadRows * Panel.Lanes), bias, rows, accumulate: false);
        }

        int columns = head.Weight.Columns;
        var weights = new WeightBlock(head.Weight, WeightLayout.OutIn, row, rows, PointsOf(head.Weight), scratch);
        int most = _products.Depth(rows);
        for (int column = 0; column < columns; column += most)
        {
            int depth = Math.Min(most, columns - column);
            byte* packed = _products.Pack(weights, column, depth);
            time = _profile.Add(CpuProfile.Part.Packing, worker, time);
            for (int i = 0; i < panels; i++)
            {
                int probe = (firstPanel + i) / x.Panels;
                int panel = (firstPanel + i) % x.Panels;
                float* logits = tile + ((long)i * HeadRows * Panel.Lanes);
                _products.Multiply(weights, packed, probe, operand.At(probe, panel), x.Lanes(panel), column, logits, depth);
            }

            time = _profile.Add(CpuProfile.Part.Products, worker, time);
        }

        for (int i = 0; head.SoftCap is { } cap && i < panels; i++)
        {
            Cap(cap, tile + ((long)i * HeadRows * Panel.Lanes), rows * Panel.Lanes);
        }

        return tile;
    }

    // log Σ exp over all blocks, in their order.
    private protected static double LogSum(float* largest, float* sums, int width, int blocks)
    {
        float max = float.NegativeInfinity;
        for (long block = 0; block < blocks; block++)
        {
            max = MathF.Max(max, largest[block * width]);
        }

        double total = 0;
        for (long block = 0; block < blocks; block++)
        {
            total += sums[block * width] * ElementaryFunctions.Exp((double)largest[block * width] - max);
        }

        return max + ElementaryFunctions.Log(total);
    }

    /// <summary>The largest of some logits of each of a panel's rows, and Σ exp(logit − the largest).</summary>
    private protected static void SumPanel(float* logits, int rows, float* largest, float* sums) =>
        VectorWidth.Use(new SumWork(logits, rows, largest, sums));

    private readonly struct SumWork(float* logits, int rows, float* largest, float* sums) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector> =>
            Sum<TVector, TSimd>(logits, rows, largest, sums);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Sum<TVector, TSimd>(float* logits, int rows, float* largest, float* sums)
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            for (int lane = 0; lane < Panel.Lanes; lane += TSimd.Width)
            {
                float* column = logits + lane;
                var max = TSimd.Load(column);
                for (int r = 1; r < rows; r++)
                {
                    max = TSimd.Max(max, TSimd.Load(column + (r * Panel.Lanes)));
                }

                var sum = TSimd.Broadcast(0);
                for (int r = 0; r < rows; r++)
                {
                    sum = TSimd.Add(
                        sum, Exponential<TVector, TSimd>.OfNonPositive(TSimd.Subtract(TSimd.Load(column + (r * Panel.Lanes)), max)));
                }

                TSimd.Store(max, largest + lane);
                TSimd.Store(sum, sums + lane);
            }
        }
    }

    // The logits of the targets in a block of the vocabulary, and the block's sums of exponentials.
    private readonly struct LogProbabilityWork(
        CpuPass pass,
        CpuActivation x,
        PanelOperand operand,
        OutputHead head,
        float* biases,
        int parts,
        IReadOnlyList<(int Output, int Id)> targets,
        float* logits,
        float* largest,
        float* sums) : IWork
    {
        public void Do(int item, int worker)
        {
            int row = item * HeadRows;
            int rows = Math.Min(HeadRows, head.Rows - row);
            int panels = parts * x.Panels;
            float* tile = pass.MultiplyHead(x, operand, head, biases, row, rows, 0, panels, worker);
            for (int panel = 0; panel < panels; panel++)
            {
                float* logit = tile + ((long)panel * HeadRows * Panel.Lanes);
                long at = (((long)item * panels) + panel) * Panel.Lanes;
                SumPanel(logit, rows, largest + at, sums + at);
            }

            for (int i = 0; i < parts * targets.Count; i++)
            {
                var (output, id) = targets[i % targets.Count];
                if (id >= row && id < row + rows)
                {
                    int panel = (i / targets.Count * x.Panels) + (output / Panel.Lanes);
                    logits[i] = tile[((((long)panel * HeadRows) + id - row) * Panel.Lanes) + (output % Panel.Lanes)];
                }
            }
        }
    }

    private readonly struct LogitsWork(
        CpuPass pass, CpuActivation x, PanelOperand operand, OutputHead head, float* biases, int firstRow, int end,
        float* destination) : IWork
    {
        public void Do(int item, int worker)
        {
            int row = item * HeadRows;
            int rows = Math.Min(HeadRows, head.Rows - row);
            int firstPanel = firstRow / Panel.Lanes;
            int panels = CpuActivation.PanelsFor(end) - firstPanel;
            float* tile = pass.MultiplyHead(x, operand, head, biases, row, rows, firstPanel, panels, worker);
            for (int t = firstRow; t < end; t++)
            {
                float* logit = tile + ((long)((t / Panel.Lanes) - firstPanel) * HeadRows * Panel.Lanes) + (t % Panel.Lanes);
                for (int r = 0; r < rows; r++)
                {
                    destination[((long)(t - firstRow) * head.Rows) + row + r] = logit[r * Panel.Lanes];
                }
            }
        }
    }
}
