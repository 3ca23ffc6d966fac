namespace IlZo.Backends.Cpu;

/// <summary>
/// The keys and values a segment attends to, wherever they lie: in a prefix of all texts, in the segment itself, in the segments it
/// continues, or in the cache of earlier passes. They are gathered in the order of their positions, so a shared beginning gives the same
/// bits as its own copy.
/// </summary>
/// <param name="batch">The pass's tokens; where there is a cache, a segment goes on with one of its texts.</param>
/// <param name="texts">The runs of each segment's text.</param>
/// <param name="prefix">What comes before all texts.</param>
/// <param name="cache">Earlier keys and values, or null.</param>
/// <param name="keys">The pass's keys.</param>
/// <param name="values">The pass's values.</param>
/// <param name="layer">The layer of the cache.</param>
internal readonly unsafe struct KeyValueSource(
    TokenBatch batch, TextRuns texts, PrefixRows prefix, CpuKeyValueCache? cache, CpuActivation keys, CpuActivation values, int layer)
{
    /// <summary>Whether all probes have the same keys and the same values.</summary>
    public bool IsShared => keys.IsShared && values.IsShared && prefix.IsShared;

    /// <summary>Keys that come before position 0 of a text.</summary>
    public int Before => prefix.Count;

    /// <summary>Whether the cache holds all keys and values of each text, once it has been extended.</summary>
    public bool AreCached => cache is not null && prefix.Count == 0;

    /// <summary>Numbers from a feature to the next in the cache.</summary>
    public int CacheStride => cache!.Stride;

    /// <summary>The first key of a segment's text in the cache.</summary>
    public float* CachedKeys(int segment, int feature) => cache!.Keys(layer, batch.Segments[segment].Slot) + ((long)feature * CacheStride);

    /// <summary>The first value of a segment's text in the cache.</summary>
    public float* CachedValues(int segment, int feature) =>
        cache!.Values(layer, batch.Segments[segment].Slot) + ((long)feature * CacheStride);

    /// <summary>Writes out what is shared, for each probe.</summary>
    public void Spread()
    {
        keys.Spread();
        values.Spread();
    }

    /// <summary>Appends the pass's keys and values to the cache, if there is one.</summary>
    public void ExtendCache()
    {
        for (int segment = 0; cache is not null && segment < batch.Segments.Count; segment++)
        {
            ExtendCache(segment, 0, keys.Features);
        }
    }

    /// <summary>Appends some features of a segment's text to the cache.</summary>
    public void ExtendCache(int segment, int feature, int count)
    {
        float* to = CachedKeys(segment, feature);
        float* valuesTo = CachedValues(segment, feature);
        long from = (long)feature * Panel.Lanes;
        foreach (var run in texts.Of(segment))
        {
            CopyFeatures(keys.Token(0, run.Token) + from, Panel.Lanes, to + run.Position, CacheStride, count, run.Count);
            CopyFeatures(values.Token(0, run.Token) + from, Panel.Lanes, valuesTo + run.Position, CacheStride, count, run.Count);
        }
    }

    /// <summary>Keys as [feature][<paramref name="stride"/>], with zeros after the last of <paramref name="count"/> keys.</summary>
    public void GatherKeys(int probe, int segment, int feature, int size, int count, float* gathered, int stride)
    {
        float* first = cache is null ? null : cache.Keys(layer, batch.Segments[segment].Slot);
        Gather(prefix.Keys(probe, feature), first, keys, probe, segment, feature, size, count, gathered, stride);
    }

    /// <summary>
    /// Values as [feature][<paramref name="stride"/>], with zeros after those of the last of <paramref name="count"/> keys.
    /// </summary>
    public void GatherValues(int probe, int segment, int feature, int size, int count, float* gathered, int stride)
    {
        float* first = cache is null ? null : cache.Values(layer, batch.Segments[segment].Slot);
        Gather(prefix.Values(probe, feature), first, values, probe, segment, feature, size, count, gathered, stride);
    }

    /// <summary>
    /// Values as rows of keys: [slice of keys][feature][<see cref="Panel.Stride"/>]; features are padded with zeros to
    /// <paramref name="rows"/>.
    /// </summary>
    public void PackValues(int probe, int segment, int feature, int size, int count, float* packed, long sliceStride, int rows)
    {
        if (prefix.Count > 0)
        {
            PackRun(prefix.Values(probe, feature), prefix.Count, 0, prefix.Count, size, packed, sliceStride);
        }

        if (Cached(segment) is > 0 and var cached)
        {
            float* earlier = cache!.Values(layer, batch.Segments[segment].Slot) + ((long)feature * cache.Stride);
            PackRun(earlier, cache.Stride, prefix.Count, cached, size, packed, sliceStride);
        }

        foreach (var run in texts.Of(segment))
        {
            float* source = values.Token(probe, run.Token) + ((long)feature * Panel.Lanes);
            PackRun(source, Panel.Lanes, prefix.Count + run.Position, run.Count, size, packed, sliceStride);
        }

        for (long slice = 0; slice * Panel.Depth < count; slice++)
        {
            new Span<float>(packed + (slice * sliceStride) + ((long)size * Panel.Stride), (rows - size) * Panel.Stride).Clear();
        }
    }

    // Tokens of a segment's text that are in the cache.
    private int Cached(int segment) => cache is null ? 0 : batch.Segments[segment].Prefix;

    private void Gather(
        float* before,
        float* earlier,
        CpuActivation own,
        int probe,
        int segment,
        int feature,
        int size,
        int count,
        float* gathered,
        int stride)
    {
        float* text = gathered + prefix.Count;
        if (prefix.Count > 0)
        {
            CopyFeatures(before, prefix.Count, gathered, stride, size, prefix.Count);
        }

        if (Cached(segment) is > 0 and var cached)
        {
            CopyFeatures(earlier + ((long)feature * cache!.Stride), cache.Stride, text, stride, size, cached);
        }

        foreach (var run in texts.Of(segment))
        {
            CopyFeatures(
                own.Token(probe, run.Token) + ((long)feature * Panel.Lanes), Panel.Lanes, text + run.Position, stride, size, run.Count);
        }

        for (int f = 0; f < size; f++)
        {
            new Span<float>(gathered + ((long)f * stride) + count, stride - count).Clear();
        }
    }

    private static void PackRun(float* source, int sourceStride, int position, int length, int size, float* packed, long sliceStride)
    {
        while (length > 0)
        {
            int part = Math.Min(length, Panel.Depth - (position % Panel.Depth));
            float* to = packed + (position / Panel.Depth * sliceStride) + (position % Panel.Depth);
            CopyFeatures(source, sourceStride, to, Panel.Stride, size, part);
            position += part;
            source += part;
            length -= part;
        }
    }

    private static void CopyFeatures(float* source, int sourceStride, float* destination, int destinationStride, int features, int count)
    {
        for (int f = 0; f < features; f++)
        {
            if (count == 1)
            {
                *destination = *source;
            }
            else
            {
                new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(destination, count));
            }

            source += sourceStride;
            destination += destinationStride;
        }
    }
}
