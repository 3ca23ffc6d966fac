using System.Numerics.Tensors;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

internal unsafe partial class CpuPass
{
    // Outputs of a work item: some hundred kilobytes of weights.
    private const int DecodeRows = 128;

    // Inputs of a work item where they are rows. Fixed, because every item has its own sums.
    private const int DecodeInputs = 64;

    /// <summary>
    /// Whether a pass continues texts by one token each, at the weights as they are. Sums are then formed along the weights' rows, so
    /// logits differ in rounding from those of the same texts in one pass; training and scoring never take this way. What a text gets does
    /// not depend on the others.
    /// </summary>
    private bool IsDecoding => _cache is not null && _batch.Count == _batch.Segments.Count && _points.Probes[0].Direction is null;

    private void DecodeLinear(
        CpuActivation x, Parameter weight, WeightLayout layout, float* biases, CpuActivation y, bool accumulate,
        ActivationFunction? activation)
    {
        long inputBytes = (long)x.Tokens * x.Features * sizeof(float);
        float* inputs = _arena.Rent(inputBytes);
        CopyTokens(x, 0, x.Tokens, inputs);

        // Rows that are inputs are read once by all threads together: each adds its slice of them, then the slices are added in order.
        int slices = layout == WeightLayout.InOut ? (x.Features + DecodeInputs - 1) / DecodeInputs : 0;
        long partialBytes = (long)slices * x.Tokens * y.Features * sizeof(float);
        float* partial = _arena.Rent(partialBytes);
        _pool.Run(slices, new DecodeSliceWork(weight, x.Features, y.Features, x.Tokens, inputs, partial));
        int blocks = (y.Features + DecodeRows - 1) / DecodeRows;
        _pool.Run(blocks, new DecodeWork(this, weight, layout, inputs, partial, slices, biases, y, accumulate, activation));
        _arena.Return(partial, partialBytes);
        _arena.Return(inputs, inputBytes);
    }

    private static void SumSlices(float* partial, int slices, long stride, Span<float> sums)
    {
        sums.Clear();
        for (int slice = 0; slice < slices; slice++, partial += stride)
        {
            TensorPrimitives.Add(sums, new ReadOnlySpan<float>(partial, sums.Length), sums);
        }
    }

    private void DecodeLogits(CpuActivation x, OutputHead head, float* biases, int first, int tokens, float* destination)
    {
        long inputBytes = (long)tokens * x.Features * sizeof(float);
        float* inputs = _arena.Rent(inputBytes);
        CopyTokens(x, first, tokens, inputs);
        _pool.Run((head.Rows + DecodeRows - 1) / DecodeRows, new DecodeLogitsWork(head, biases, inputs, tokens, destination));
        _arena.Return(inputs, inputBytes);
    }

    // Tokens one after the other, from panels in which their features lie side by side.
    private static void CopyTokens(CpuActivation x, int first, int tokens, float* destination)
    {
        for (int token = 0; token < tokens;)
        {
            int count = Math.Min(tokens - token, Panel.Lanes - ((first + token) % Panel.Lanes));
            float* source = x.Token(0, first + token);
            float* to = destination + ((long)token * x.Features);
            for (int f = 0; f < x.Features; f++)
            {
                for (int lane = 0; lane < count; lane++)
                {
                    to[((long)lane * x.Features) + f] = source[(f * Panel.Lanes) + lane];
                }
            }

            token += count;
        }
    }

    // The part that some inputs have in all outputs, where rows are inputs.
    private readonly struct DecodeSliceWork(Parameter weight, int inputs, int outputs, int tokens, float* x, float* partial) : IWork
    {
        public void Do(int item, int worker)
        {
            int row = item * DecodeInputs;
            long size = (long)tokens * outputs;
            float* sums = partial + (item * size);
            new Span<float>(sums, checked((int)size)).Clear();
            VectorProduct.AddTransposed(
                weight, row, Math.Min(DecodeInputs, inputs - row), new VectorRows(x + row, inputs), new VectorRows(sums, outputs), tokens);
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
            var results = new VectorRows(pass._scratch[worker].Tile((long)DecodeRows * y.Tokens), DecodeRows);
            if (layout == WeightLayout.OutIn)
            {
                VectorProduct.Multiply(weight, row, rows, new VectorRows(x, weight.Columns), results, y.Tokens);
            }

            for (int token = 0; token < y.Tokens; token++)
            {
                float* result = results[token];
                if (layout == WeightLayout.InOut)
                {
                    float* first = partial + ((long)token * y.Features) + row;
                    SumSlices(first, slices, (long)y.Tokens * y.Features, new Span<float>(result, rows));
                }

                float* before = y.Token(0, token) + ((long)row * Panel.Lanes);
                for (int r = 0; r < rows; r++)
                {
                    result[r] += (biases == null ? 0 : biases[row + r]) + (accumulate ? before[r * Panel.Lanes] : 0);
                }

                if (activation is { } function)
                {
                    Apply(function, new Span<float>(result, rows));
                }
            }

            Store(results, row, rows);
        }

        private void Store(VectorRows results, int row, int rows)
        {
            for (int panel = 0; panel < y.Panels; panel++)
            {
                int first = panel * Panel.Lanes;
                int count = y.Lanes(panel);
                for (int r = 0; r < rows; r++)
                {
                    var lanes = new Span<float>(y.At(0, panel) + ((long)(row + r) * Panel.Lanes), Panel.Lanes);
                    for (int lane = 0; lane < count; lane++)
                    {
                        lanes[lane] = results[first + lane][r];
                    }

                    // The other lanes are nobody's token; they must stay finite all the same.
                    lanes[count..].Fill(lanes[count - 1]);
                }
            }
        }
    }

    private readonly struct DecodeLogitsWork(OutputHead head, float* biases, float* x, int tokens, float* destination) : IWork
    {
        public void Do(int item, int worker)
        {
            int row = item * DecodeRows;
            int rows = Math.Min(DecodeRows, head.Rows - row);
            var logits = new VectorRows(destination + row, head.Rows);
            VectorProduct.Multiply(head.Weight, row, rows, new VectorRows(x, head.Weight.Columns), logits, tokens);
            for (int token = 0; token < tokens; token++)
            {
                for (int r = 0; biases != null && r < rows; r++)
                {
                    logits[token][r] += biases[row + r];
                }

                if (head.SoftCap is { } cap)
                {
                    Cap(cap, logits[token], rows);
                }
            }
        }
    }
}
