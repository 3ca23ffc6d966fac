namespace IlZo.Backends.Cpu;

/// <summary>
/// The keys and values a segment attends to, wherever they lie: in the segment itself, in the segments it continues, or in the
/// cache of earlier passes. They are packed in the order of their positions, so a shared beginning gives the same bits as its own copy.
/// </summary>
internal sealed unsafe class KeyValueSource(TokenBatch batch, KeyValueCache? cache, CpuActivation keys, CpuActivation values, int layer)
{
    /// <summary>Appends the pass's keys and values to the cache.</summary>
    public void ExtendCache()
    {
        if (cache is null)
        {
            return;
        }

        for (int t = 0; t < batch.Count; t++)
        {
            for (int f = 0; f < keys.Features; f++)
            {
                long at = ((long)f * cache.Capacity) + batch.Positions[t];
                cache.Keys(layer)[at] = keys.Token(0, t)[f * Panel.Lanes];
                cache.Values(layer)[at] = values.Token(0, t)[f * Panel.Lanes];
            }
        }
    }

    /// <summary>Keys as rows of features: [slice of features][key][<see cref="Panel.Stride"/>].</summary>
    public void PackKeys(int probe, int segment, int feature, int size, float* packed, long sliceStride, int rows)
    {
        ForEachToken(probe, segment, keys, isKey: true, (position, source, stride) =>
        {
            for (int f = 0; f < size; f++)
            {
                packed[(f / Panel.Depth * sliceStride) + ((long)position * Panel.Stride) + (f % Panel.Depth)] = source[(long)(feature + f) * stride];
            }
        });
        int count = batch.Segments[segment].Prefix + batch.Segments[segment].Length;
        for (long at = 0; at * Panel.Depth < size; at++)
        {
            new Span<float>(packed + (at * sliceStride) + ((long)count * Panel.Stride), (rows - count) * Panel.Stride).Clear();
        }
    }

    /// <summary>Values as rows of keys: [slice of keys][feature][<see cref="Panel.Stride"/>].</summary>
    public void PackValues(int probe, int segment, int feature, int size, float* packed, long sliceStride, int rows)
    {
        ForEachToken(probe, segment, values, isKey: false, (position, source, stride) =>
        {
            float* to = packed + (position / Panel.Depth * sliceStride) + (position % Panel.Depth);
            for (int f = 0; f < size; f++)
            {
                to[(long)f * Panel.Stride] = source[(long)(feature + f) * stride];
            }

            for (int f = size; f < rows; f++)
            {
                to[(long)f * Panel.Stride] = 0;
            }
        });
    }

    private delegate void TokenAction(int position, float* source, int stride);

    // Calls action(position, the token's first feature, distance between features) for the text of a segment from its beginning.
    private void ForEachToken(int probe, int segment, CpuActivation own, bool isKey, TokenAction action)
    {
        var span = batch.Segments[segment];
        if (span.Parent >= 0)
        {
            ForEachToken(probe, span.Parent, own, isKey, action);
        }
        else if (cache is not null)
        {
            float* cached = isKey ? cache.Keys(layer) : cache.Values(layer);
            for (int position = 0; position < span.Prefix; position++)
            {
                action(position, cached + position, cache.Capacity);
            }
        }

        for (int i = 0; i < span.Length; i++)
        {
            action(span.Prefix + i, own.Token(probe, span.Start + i), Panel.Lanes);
        }
    }
}
