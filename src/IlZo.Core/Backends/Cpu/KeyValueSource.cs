namespace IlZo.Backends.Cpu;

/// <summary>
/// The keys and values a segment attends to, wherever they lie: in the segment itself, in the segments it continues, or in the
/// cache of earlier passes. They are gathered in the order of their positions, so a shared beginning gives the same bits as its own copy.
/// </summary>
internal sealed unsafe class KeyValueSource(TokenBatch batch, KeyValueCache? cache, CpuActivation keys, CpuActivation values, int layer)
{
    // Called with a run of tokens at adjacent addresses: the first one's position and feature 0, and the distance between features.
    private delegate void RunAction(int position, float* source, int count, int featureStride);

    /// <summary>Appends the pass's keys and values to the cache.</summary>
    public void ExtendCache()
    {
        if (cache is null)
        {
            return;
        }

        var own = batch.Segments[0];
        CopyTo(cache.Keys(layer), keys);
        CopyTo(cache.Values(layer), values);

        void CopyTo(float* destination, CpuActivation from) => ForEachRun(from, 0, own.Start, own.Length, own.Prefix, (position, source, count, stride) =>
        {
            for (int f = 0; f < from.Features; f++)
            {
                Copy(source + ((long)f * stride), destination + ((long)f * cache.Capacity) + position, count);
            }
        });
    }

    /// <summary>Keys as [feature][<paramref name="stride"/>], with zeros after the last key.</summary>
    public void GatherKeys(int probe, int segment, int feature, int size, float* gathered, int stride)
    {
        int count = batch.Segments[segment].Prefix + batch.Segments[segment].Length;
        ForEachRun(probe, segment, keys, isKey: true, (position, source, length, featureStride) =>
        {
            for (int f = 0; f < size; f++)
            {
                Copy(source + ((long)(feature + f) * featureStride), gathered + ((long)f * stride) + position, length);
            }
        });
        for (int f = 0; f < size; f++)
        {
            new Span<float>(gathered + ((long)f * stride) + count, stride - count).Clear();
        }
    }

    /// <summary>Values as rows of keys: [slice of keys][feature][<see cref="Panel.Stride"/>]; features are padded with zeros to <paramref name="rows"/>.</summary>
    public void PackValues(int probe, int segment, int feature, int size, float* packed, long sliceStride, int rows)
    {
        ForEachRun(probe, segment, values, isKey: false, (position, source, length, featureStride) =>
        {
            while (length > 0)
            {
                int part = Math.Min(length, Panel.Depth - (position % Panel.Depth));
                float* to = packed + (position / Panel.Depth * sliceStride) + (position % Panel.Depth);
                for (int f = 0; f < size; f++)
                {
                    Copy(source + ((long)(feature + f) * featureStride), to + ((long)f * Panel.Stride), part);
                }

                for (int f = size; f < rows; f++)
                {
                    new Span<float>(to + ((long)f * Panel.Stride), part).Clear();
                }

                position += part;
                source += part;
                length -= part;
            }
        });
    }

    private static void Copy(float* source, float* destination, int count) =>
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(destination, count));

    // The runs of a segment's text from its beginning.
    private void ForEachRun(int probe, int segment, CpuActivation own, bool isKey, RunAction action)
    {
        var span = batch.Segments[segment];
        if (span.Parent >= 0)
        {
            ForEachRun(probe, span.Parent, own, isKey, action);
        }
        else if (cache is not null && span.Prefix > 0)
        {
            action(0, isKey ? cache.Keys(layer) : cache.Values(layer), span.Prefix, cache.Capacity);
        }

        ForEachRun(own, probe, span.Start, span.Length, span.Prefix, action);
    }

    // The tokens of a segment, cut where panels end.
    private static void ForEachRun(CpuActivation from, int probe, int token, int length, int position, RunAction action)
    {
        for (int end = token + length; token < end;)
        {
            int count = Math.Min(end - token, Panel.Lanes - (token % Panel.Lanes));
            action(position, from.Token(probe, token), count, Panel.Lanes);
            token += count;
            position += count;
        }
    }
}
