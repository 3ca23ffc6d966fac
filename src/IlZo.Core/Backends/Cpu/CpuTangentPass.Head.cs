using System.Diagnostics;
using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Backends.Cpu;

internal sealed unsafe partial class CpuTangentPass
{
    // The log-probabilities, and their tangents ż − Σ p ż over the vocabulary.
    private protected override double[][] LogProbabilitiesOf(
        CpuActivation from, OutputHead head, IReadOnlyList<(int Output, int Id)> targets)
    {
        if (from.IsShared && !IsPerturbed(head))
        {
            double[] values = base.LogProbabilitiesOf(from, head, targets)[0];
            return [values, new double[values.Length]];
        }

        int blocks = (head.Rows + HeadRows - 1) / HeadRows;
        int width = from.Panels * Panel.Lanes;
        _profile.CountProducts(head.Weight.Count * from.Tokens * ProductsOf(from.IsShared, PointsOf(head.Weight), 2));
        long sumBytes = (long)blocks * width * sizeof(float);
        long logitBytes = (long)targets.Count * sizeof(float);
        var sums = new HeadSums(
            _arena.Rent(logitBytes), _arena.Rent(logitBytes), _arena.Rent(sumBytes), _arena.Rent(sumBytes), _arena.Rent(sumBytes));
        float* biases = RentBias(head);
        _pool.Run(blocks, new LogProbabilityWork(this, from, OperandOf(from), head, biases, targets, sums));
        double[][] result = [new double[targets.Count], new double[targets.Count]];
        for (int i = 0; i < targets.Count; i++)
        {
            int column = targets[i].Output;
            result[0][i] = sums.Logits[i] - LogSum(sums.Largest + column, sums.Sums + column, width, blocks);
            result[1][i] = sums.Tangents[i] - MeanTangent(sums, column, width, blocks);
        }

        ReturnBias(head, biases);
        _arena.Return(sums.TangentSums, sumBytes);
        _arena.Return(sums.Sums, sumBytes);
        _arena.Return(sums.Largest, sumBytes);
        _arena.Return(sums.Tangents, logitBytes);
        _arena.Return(sums.Logits, logitBytes);
        return result;
    }

    // Σ p ż over all blocks, in their order.
    private static double MeanTangent(in HeadSums sums, int column, int width, int blocks)
    {
        float max = float.NegativeInfinity;
        for (long block = 0; block < blocks; block++)
        {
            max = MathF.Max(max, sums.Largest[(block * width) + column]);
        }

        double total = 0;
        double tangent = 0;
        for (long block = 0; block < blocks; block++)
        {
            long at = (block * width) + column;
            double factor = ElementaryFunctions.Exp((double)sums.Largest[at] - max);
            total += sums.Sums[at] * factor;
            tangent += sums.TangentSums[at] * factor;
        }

        return tangent / total;
    }

    // The logits of some vocabulary rows for all panels of x, as [panel][HeadRows][32], and behind them their tangents.
    private float* MultiplyHead(CpuActivation x, PanelOperand operand, OutputHead head, float* biases, int row, int rows, int worker)
    {
        const int PanelFloats = HeadRows * Panel.Lanes;
        var scratch = _scratch[worker];
        long time = Stopwatch.GetTimestamp();
        float* values = scratch.Tile(2L * x.Panels * PanelFloats);
        float* tangents = values + ((long)x.Panels * PanelFloats);
        for (long panel = 0; panel < x.Panels; panel++)
        {
            StartTile(values + (panel * PanelFloats), biases == null ? null : biases + row, rows, accumulate: false);
            StartTile(tangents + (panel * PanelFloats), biases == null ? null : biases + head.Rows + row, rows, accumulate: false);
        }

        int columns = head.Weight.Columns;
        var weights = new WeightBlock(head.Weight, WeightLayout.OutIn, row, rows, PointsOf(head.Weight), scratch);
        int most = _products.Depth(rows);
        for (int column = 0; column < columns; column += most)
        {
            int depth = Math.Min(most, columns - column);
            byte* packed = _products.Pack(weights, column, depth);
            time = _profile.Add(CpuProfile.Part.Packing, worker, time);
            for (int panel = 0; panel < x.Panels; panel++)
            {
                long tile = (long)panel * PanelFloats;
                MultiplyWithTangents(operand, weights, packed, panel, x.Lanes(panel), column, depth, values + tile, tangents + tile);
            }

            time = _profile.Add(CpuProfile.Part.Products, worker, time);
        }

        for (long panel = 0; head.SoftCap is { } cap && panel < x.Panels; panel++)
        {
            Cap(cap, values + (panel * PanelFloats), tangents + (panel * PanelFloats), rows * Panel.Lanes);
        }

        return values;
    }

    // Of each target the logit and its tangent; of each block and output the largest logit, Σ exp(logit − that) and Σ exp(…) tangent.
    private readonly struct HeadSums(float* logits, float* tangents, float* largest, float* sums, float* tangentSums)
    {
        public float* Logits => logits;

        public float* Tangents => tangents;

        public float* Largest => largest;

        public float* Sums => sums;

        public float* TangentSums => tangentSums;
    }

    private readonly struct TangentSumWork(float* logits, float* tangents, int rows, float* largest, float* sums) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            for (int lane = 0; lane < Panel.Lanes; lane += TSimd.Width)
            {
                var max = TSimd.Load(largest + lane);
                var sum = TSimd.Broadcast(0);
                for (int i = lane; i < rows * Panel.Lanes; i += Panel.Lanes)
                {
                    var e = Exponential<TVector, TSimd>.OfNonPositive(TSimd.Subtract(TSimd.Load(logits + i), max));
                    sum = TSimd.FusedMultiplyAdd(e, TSimd.Load(tangents + i), sum);
                }

                TSimd.Store(sum, sums + lane);
            }
        }
    }

    private readonly struct LogProbabilityWork(
        CpuTangentPass pass,
        CpuActivation x,
        PanelOperand operand,
        OutputHead head,
        float* biases,
        IReadOnlyList<(int Output, int Id)> targets,
        HeadSums sums) : IWork
    {
        public void Do(int item, int worker)
        {
            int row = item * HeadRows;
            int rows = Math.Min(HeadRows, head.Rows - row);
            float* values = pass.MultiplyHead(x, operand, head, biases, row, rows, worker);
            float* tangents = values + ((long)x.Panels * HeadRows * Panel.Lanes);
            for (int panel = 0; panel < x.Panels; panel++)
            {
                long tile = (long)panel * HeadRows * Panel.Lanes;
                long at = (((long)item * x.Panels) + panel) * Panel.Lanes;
                SumPanel(values + tile, rows, sums.Largest + at, sums.Sums + at);
                VectorWidth.Use(new TangentSumWork(values + tile, tangents + tile, rows, sums.Largest + at, sums.TangentSums + at));
            }

            for (int i = 0; i < targets.Count; i++)
            {
                var (output, id) = targets[i];
                if (id >= row && id < row + rows)
                {
                    long at = ((((long)(output / Panel.Lanes) * HeadRows) + id - row) * Panel.Lanes) + (output % Panel.Lanes);
                    sums.Logits[i] = values[at];
                    sums.Tangents[i] = tangents[at];
                }
            }
        }
    }
}
