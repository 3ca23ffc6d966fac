using System.Numerics.Tensors;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

internal sealed unsafe partial class CpuPass
{
    // Outputs of a work item when one token is multiplied: some hundred kilobytes of weights.
    private const int DecodeRows = 128;

    // Inputs of a work item where they are rows. Fixed, because every item has its own sums.
    private const int DecodeInputs = 64;

    /// <summary>
    /// Whether the pass continues a text by one token at the weights as they are. Sums are then formed along the weights' rows, so logits
    /// differ in rounding from those of the same text in one pass; training and scoring never take this way.
    /// </summary>
    private bool IsDecoding(CpuActivation x) => _cache is not null && x.Tokens == 1 && _points.Probes[0].Direction is null;

    private void DecodeLinear(
        CpuActivation x, Parameter weight, WeightLayout layout, float* biases, CpuActivation y, bool accumulate,
        ActivationFunction? activation)
    {
        float* contiguous = _arena.Rent((long)x.Features * sizeof(float));
        CopyToken(x, contiguous);

        // Rows that are inputs are read once by all threads together: each adds its slice of them, then the slices are added in order.
        int slices = layout == WeightLayout.InOut ? (x.Features + DecodeInputs - 1) / DecodeInputs : 0;
        long partialBytes = (long)slices * y.Features * sizeof(float);
        float* partial = _arena.Rent(partialBytes);
        _pool.Run(slices, new DecodeSliceWork(weight, x.Features, y.Features, contiguous, partial));
        int blocks = (y.Features + DecodeRows - 1) / DecodeRows;
        _pool.Run(blocks, new DecodeWork(this, weight, layout, contiguous, partial, slices, biases, y, accumulate, activation));
        _arena.Return(partial, partialBytes);
        _arena.Return(contiguous, (long)x.Features * sizeof(float));
    }

    private static void SumSlices(float* partial, int slices, int stride, Span<float> sums)
    {
        sums.Clear();
        for (int slice = 0; slice < slices; slice++, partial += stride)
        {
            TensorPrimitives.Add(sums, new ReadOnlySpan<float>(partial, sums.Length), sums);
        }
    }

    private void DecodeLogits(CpuActivation x, OutputHead head, float* biases, float* destination)
    {
        float* contiguous = _arena.Rent((long)x.Features * sizeof(float));
        CopyToken(x, contiguous);
        _pool.Run((head.Rows + DecodeRows - 1) / DecodeRows, new DecodeLogitsWork(head, biases, contiguous, destination));
        _arena.Return(contiguous, (long)x.Features * sizeof(float));
    }

    private static void CopyToken(CpuActivation x, float* destination)
    {
        for (int f = 0; f < x.Features; f++)
        {
            destination[f] = x.Data[f * Panel.Lanes];
        }
    }

    // The part that some inputs have in all outputs, where rows are inputs.
    private readonly struct DecodeSliceWork(Parameter weight, int inputs, int outputs, float* x, float* partial) : IWork
    {
        public void Do(int item, int worker)
        {
            int row = item * DecodeInputs;
            float* sums = partial + ((long)item * outputs);
            new Span<float>(sums, outputs).Clear();
            VectorProduct.AddTransposed(weight, row, Math.Min(DecodeInputs, inputs - row), x + row, sums);
        }
    }

    private readonly struct DecodeWork(
        CpuPass pass,
        Parameter weight,
        WeightLayout layout,
        float* x,
        float* partial,
        int slices,
        float* biases,
        CpuActivation y,
        bool accumulate,
        ActivationFunction? activation) : IWork
    {
        public void Do(int item, int worker)
        {
            int row = item * DecodeRows;
            int rows = Math.Min(DecodeRows, y.Features - row);
            float* result = pass._scratch[worker].Tile(DecodeRows);
            if (layout == WeightLayout.OutIn)
            {
                VectorProduct.Multiply(weight, row, rows, x, result);
            }
            else
            {
                SumSlices(partial + row, slices, y.Features, new Span<float>(result, rows));
            }

            for (int r = 0; r < rows; r++)
            {
                float* to = y.Data + ((long)(row + r) * Panel.Lanes);
                result[r] += (biases == null ? 0 : biases[row + r]) + (accumulate ? *to : 0);
            }

            if (activation is { } function)
            {
                Apply(function, new Span<float>(result, rows));
            }

            for (int r = 0; r < rows; r++)
            {
                // The other lanes are nobody's token; they must stay finite all the same.
                var lanes = new Span<float>(y.Data + ((long)(row + r) * Panel.Lanes), Panel.Lanes);
                lanes.Fill(result[r]);
            }
        }
    }

    private readonly struct DecodeLogitsWork(OutputHead head, float* biases, float* x, float* destination) : IWork
    {
        public void Do(int item, int worker)
        {
            int row = item * DecodeRows;
            int rows = Math.Min(DecodeRows, head.Rows - row);
            VectorProduct.Multiply(head.Weight, row, rows, x, destination + row);
            for (int r = row; biases != null && r < row + rows; r++)
            {
                destination[r] += biases[r];
            }

            if (head.SoftCap is { } cap)
            {
                Cap(cap, destination + row, rows);
            }
        }
    }
}
