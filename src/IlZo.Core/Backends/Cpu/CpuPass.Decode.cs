using System.Diagnostics;
using System.Numerics.Tensors;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

internal unsafe partial class CpuPass
{
    // Outputs of a work item: some hundred kilobytes of weights.
    private const int DecodeRows = 128;

    // Inputs of a work item where they are rows. Fixed, because every item has its own sums.
    private const int DecodeInputs = 64;

    // Features of a work item that copies tokens: their panel fits into the first-level cache.
    private const int CopiedFeatures = 128;

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
        var inputs = TokensOf(x);

        // Rows that are inputs are read once by all threads together: each adds its slice of them, then the slices are added in order.
        int slices = layout == WeightLayout.InOut ? (x.Features + DecodeInputs - 1) / DecodeInputs : 0;
        long partialBytes = (long)slices * x.Tokens * y.Features * sizeof(float);
        float* partial = _arena.Rent(partialBytes);
        _pool.Run(slices, new DecodeSliceWork(weight, x.Features, y.Features, x.Tokens, inputs, partial));
        int blocks = (y.Features + DecodeRows - 1) / DecodeRows;
        _pool.Run(blocks, new DecodeWork(this, weight, layout, inputs, partial, slices, biases, y, accumulate, activation));
        _arena.Return(partial, partialBytes);
    }

    private void DecodeAttend(CpuActivation q, in KeyValueSource source, CpuActivation y, AttentionShape shape) =>
        _pool.Run(checked(_batch.Segments.Count * shape.KeyValueHeads), new DecodeAttentionWork(this, q, source, y, shape));

    private static void SumSlices(float* partial, int slices, long stride, Span<float> sums)
    {
        sums.Clear();
        for (int slice = 0; slice < slices; slice++, partial += stride)
        {
            TensorPrimitives.Add(sums, new ReadOnlySpan<float>(partial, sums.Length), sums);
        }
    }

    private void DecodeLogits(CpuActivation x, OutputHead head, float* biases, int first, int tokens, float* destination) =>
        _pool.Run(
            (head.Rows + DecodeRows - 1) / DecodeRows,
            new DecodeLogitsWork(head, biases, TokensOf(x).From(first), tokens, destination));

    // Tokens one after the other, from panels in which their features lie side by side. Layers that read the same ones share them.
    private VectorRows TokensOf(CpuActivation x)
    {
        // An odd number of cache lines apart, so that the same features of several tokens do not compete for cache sets.
        long stride = ((x.Features + Panel.Lanes - 1) / Panel.Lanes * (long)Panel.Lanes) + (Panel.Lanes / 2);
        bool areCopied = _packed.IsOf(x);
        var tokens = new VectorRows((float*)_packed.Hold(x, x.Tokens * stride * sizeof(float)), stride);
        if (!areCopied)
        {
            _pool.Run((x.Features + CopiedFeatures - 1) / CopiedFeatures, new CopyWork(x, tokens));
        }

        return tokens;
    }

    private readonly struct CopyWork(CpuActivation x, VectorRows tokens) : IWork
    {
        public void Do(int item, int worker)
        {
            int end = Math.Min(x.Features, (item + 1) * CopiedFeatures);
            for (int token = 0; token < x.Tokens; token++)
            {
                float* from = x.Token(0, token);
                float* to = tokens[token];
                for (int f = item * CopiedFeatures; f < end; f++)
                {
                    to[f] = from[f * Panel.Lanes];
                }
            }
        }
    }

    // The part that some inputs have in all outputs, where rows are inputs.
    private readonly struct DecodeSliceWork(Parameter weight, int inputs, int outputs, int tokens, VectorRows x, float* partial) : IWork
    {
        public void Do(int item, int worker)
        {
            int row = item * DecodeInputs;
            long size = (long)tokens * outputs;
            float* sums = partial + (item * size);
            new Span<float>(sums, checked((int)size)).Clear();
            VectorProduct.AddTransposed(
                weight, row, Math.Min(DecodeInputs, inputs - row), x.Skip(row), new VectorRows(sums, outputs), tokens);
        }
    }

    private readonly struct DecodeWork(
        CpuPass pass,
        Parameter weight,
        WeightLayout layout,
        VectorRows x,
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
                VectorProduct.Multiply(weight, row, rows, x, results, y.Tokens);
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

    // The query heads of a text that share a key/value head.
    private readonly struct DecodeAttentionWork(
        CpuPass pass, CpuActivation q, KeyValueSource source, CpuActivation y, AttentionShape shape) : IWork
    {
        public void Do(int item, int worker)
        {
            long start = Stopwatch.GetTimestamp();
            int segment = item / shape.KeyValueHeads;
            int keyHead = item % shape.KeyValueHeads;
            int size = shape.HeadSize;
            int token = pass._batch.Segments[segment].Start;
            int position = pass._batch.Segments[segment].Prefix;
            int end = position + 1;
            int firstSeen = FirstKey(shape, source, position);
            int first = firstSeen / DecodeAttention.Block * DecodeAttention.Block;
            float* query = pass._scratch[worker].Tile((2L * size) + source.CacheStride + DecodeAttention.Block);
            float* result = query + size;
            float* scores = result + size;
            source.ExtendCache(segment, keyHead * size, size);
            float* keys = source.CachedKeys(segment, keyHead * size);
            float* values = source.CachedValues(segment, keyHead * size);
            int headsPerKey = shape.Heads / shape.KeyValueHeads;
            for (int head = keyHead * headsPerKey; head < (keyHead + 1) * headsPerKey; head++)
            {
                float* from = q.Token(0, token) + ((long)head * size * Panel.Lanes);
                for (int f = 0; f < size; f++)
                {
                    query[f] = from[f * Panel.Lanes] * shape.Scale;
                }

                DecodeAttention.Score(query, size, keys, source.CacheStride, first, end, scores);
                if (shape.SoftCap is { } cap)
                {
                    Cap(cap, scores + first, end - first);
                }

                new Span<float>(scores + first, firstSeen - first).Fill(float.NegativeInfinity);
                new Span<float>(scores + end, (DecodeAttention.Block - (end % DecodeAttention.Block)) % DecodeAttention.Block)
                    .Fill(float.NegativeInfinity);
                DecodeAttention.Mix(scores, first, end, values, source.CacheStride, size, result);
                float* to = y.Token(0, token) + ((long)head * size * Panel.Lanes);
                for (int f = 0; f < size; f++)
                {
                    to[f * Panel.Lanes] = result[f];
                }
            }

            pass._profile.Add(CpuProfile.Part.Attention, worker, start);
        }
    }

    private readonly struct DecodeLogitsWork(OutputHead head, float* biases, VectorRows x, int tokens, float* destination) : IWork
    {
        public void Do(int item, int worker)
        {
            int row = item * DecodeRows;
            int rows = Math.Min(DecodeRows, head.Rows - row);
            var logits = new VectorRows(destination + row, head.Rows);
            VectorProduct.Multiply(head.Weight, row, rows, x, logits, tokens);
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
