using System.Diagnostics;
using System.Runtime.Intrinsics;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    // Vocabulary rows a worker takes at a time. Fixed, because the sums of exponentials are formed block by block.
    private const int HeadRows = 192;

    public double[][] LogProbabilities(Activation x, OutputHead head, IReadOnlyList<(int Output, int Id)> targets)
    {
        var from = (CpuActivation)x;
        int blocks = (head.Rows + HeadRows - 1) / HeadRows;
        bool perturbed = IsPerturbed(head.Weight) || (head.Bias is { } bias && IsPerturbed(bias));
        int parts = from.IsShared && !perturbed ? 1 : _probes.Count;
        int panels = from.Panels * parts;
        int width = panels * Panel.Lanes;
        Profile.CountProducts(head.Weight.Count * x.Tokens * parts);
        long sumBytes = (long)blocks * width * sizeof(float);
        float* largest = _arena.Rent(sumBytes);
        float* sums = _arena.Rent(sumBytes);
        float[] logits = new float[parts * targets.Count];
        float* biases = RentBias(head);
        var operand = RentOperand(from);
        _pool.Run(blocks, (block, worker) =>
        {
            int row = block * HeadRows;
            int rows = Math.Min(HeadRows, head.Rows - row);
            float* tile = MultiplyHead(from, operand, head.Weight, biases, row, rows, 0, panels, worker);
            for (int panel = 0; panel < panels; panel++)
            {
                float* logit = tile + ((long)panel * HeadRows * Panel.Lanes);
                long at = ((long)block * width) + (panel * Panel.Lanes);
                SumExponentials(logit, rows, largest + at, sums + at);
            }

            for (int i = 0; i < logits.Length; i++)
            {
                var (output, id) = targets[i % targets.Count];
                if (id >= row && id < row + rows)
                {
                    int panel = (i / targets.Count * from.Panels) + (output / Panel.Lanes);
                    logits[i] = tile[((((long)panel * HeadRows) + id - row) * Panel.Lanes) + (output % Panel.Lanes)];
                }
            }
        });

        var result = new double[_probes.Count][];
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

        ReturnOperand(operand);
        ReturnBias(head, biases);
        _arena.Return(sums, sumBytes);
        _arena.Return(largest, sumBytes);
        return result;
    }

    public void Logits(Activation x, OutputHead head, Span<float> destination, int firstRow = 0)
    {
        var from = (CpuActivation)x;
        int end = firstRow + (destination.Length / head.Rows);
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end, from.Tokens, nameof(destination));
        int firstPanel = firstRow / Panel.Lanes;
        int panels = CpuActivation.PanelsFor(end) - firstPanel;
        float* biases = RentBias(head);
        fixed (float* d = destination)
        {
            float* to = d;
            if (IsDecoding(from))
            {
                DecodeLogits(from, head.Weight, biases, to);
            }
            else
            {
                var operand = RentOperand(from);
                _pool.Run((head.Rows + HeadRows - 1) / HeadRows, (block, worker) =>
                {
                    int row = block * HeadRows;
                    int rows = Math.Min(HeadRows, head.Rows - row);
                    float* tile = MultiplyHead(from, operand, head.Weight, biases, row, rows, firstPanel, panels, worker);
                    for (int t = firstRow; t < end; t++)
                    {
                        float* logit = tile + ((long)((t / Panel.Lanes) - firstPanel) * HeadRows * Panel.Lanes) + (t % Panel.Lanes);
                        for (int r = 0; r < rows; r++)
                        {
                            to[((long)(t - firstRow) * head.Rows) + row + r] = logit[r * Panel.Lanes];
                        }
                    }
                });
                ReturnOperand(operand);
            }
        }

        ReturnBias(head, biases);
    }

    // The bias at every probe, or null.
    private float* RentBias(OutputHead head) => head.Bias is null ? null : RentVector(head.Bias);

    private void ReturnBias(OutputHead head, float* biases)
    {
        if (head.Bias is not null)
        {
            ReturnVector(head.Bias, biases);
        }
    }

    // The logits of some vocabulary rows for some panels of x, as [panel][HeadRows][32].
    private float* MultiplyHead(
        CpuActivation x, PanelOperand operand, Parameter head, float* biases, int row, int rows, int firstPanel, int panels, int worker)
    {
        var scratch = _scratch[worker];
        long time = Stopwatch.GetTimestamp();
        float* tile = scratch.Tile((long)panels * HeadRows * Panel.Lanes);
        for (int i = 0; i < panels; i++)
        {
            float* bias = biases == null ? null : biases + ((long)((firstPanel + i) / x.Panels) * head.Rows) + row;
            StartTile(tile + ((long)i * HeadRows * Panel.Lanes), bias, rows, accumulate: false);
        }

        var weights = new WeightBlock(head, WeightLayout.OutIn, row, rows, PointsOf(head), scratch);
        for (int column = 0; column < head.Columns; column += _products.Depth)
        {
            int depth = Math.Min(_products.Depth, head.Columns - column);
            byte* packed = _products.Pack(weights, column, depth);
            time = Profile.Add(CpuProfile.Part.Packing, worker, time);
            for (int i = 0; i < panels; i++)
            {
                int panel = firstPanel + i;
                float* logits = tile + ((long)i * HeadRows * Panel.Lanes);
                _products.Multiply(weights, packed, panel / x.Panels, operand.At(panel / x.Panels, panel % x.Panels), column, logits, depth);
            }

            time = Profile.Add(CpuProfile.Part.Products, worker, time);
        }

        return tile;
    }

    private static void SumExponentials(float* logits, int rows, float* largest, float* sums)
    {
        for (int lane = 0; lane < Panel.Lanes; lane += Vector512<float>.Count)
        {
            float* column = logits + lane;
            var max = Vector512.Load(column);
            for (int r = 1; r < rows; r++)
            {
                max = Vector512.Max(max, Vector512.Load(column + (r * Panel.Lanes)));
            }

            var sum = Vector512<float>.Zero;
            for (int r = 0; r < rows; r++)
            {
                sum += Vector512.Exp(Vector512.Load(column + (r * Panel.Lanes)) - max);
            }

            max.Store(largest + lane);
            sum.Store(sums + lane);
        }
    }

    // log Σ exp over all blocks, in their order.
    private static double LogSum(float* largest, float* sums, int width, int blocks)
    {
        float max = float.NegativeInfinity;
        for (long block = 0; block < blocks; block++)
        {
            max = MathF.Max(max, largest[block * width]);
        }

        double total = 0;
        for (long block = 0; block < blocks; block++)
        {
            total += sums[block * width] * Math.Exp((double)largest[block * width] - max);
        }

        return max + Math.Log(total);
    }
}
