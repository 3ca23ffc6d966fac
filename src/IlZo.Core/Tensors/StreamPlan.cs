namespace IlZo.Tensors;

/// <summary>
/// Which layers of a model are in memory only while a pass reads them. The others stay: as many as a budget allows, and all that is in no
/// layer.
/// </summary>
internal sealed record StreamPlan
{
    private StreamPlan(IReadOnlyList<IReadOnlyList<Parameter>> layers, long residentBytes, long largestBytes)
    {
        Layers = layers;
        ResidentBytes = residentBytes;
        WorkingBytes = Rooms * largestBytes;
    }

    /// <summary>The tensors of each layer that is read anew in every pass; none of a layer that stays.</summary>
    public IReadOnlyList<IReadOnlyList<Parameter>> Layers { get; }

    /// <summary>Bytes of the weights that stay in memory.</summary>
    public long ResidentBytes { get; }

    /// <summary>Bytes of the layers that are in memory for a while: the one that is read and the next.</summary>
    public long WorkingBytes { get; }

    /// <summary>How many layers are read anew in every pass.</summary>
    public int Count => Layers.Count(tensors => tensors.Count > 0);

    /// <summary>How many of them are there at a time: one that is alone has nothing to be brought beside it.</summary>
    public int Rooms => Math.Min(2, Count);

    /// <summary>Where a file is made for the layers among them that are trained.</summary>
    public string WorkFolder { get; init; } = Path.GetTempPath();

    /// <summary>
    /// How many updates of a layer wait at most until it is written: until then they are made anew each time it is read.
    /// </summary>
    public int WriteEvery { get; init; } = 4;

    /// <summary>Whether a tensor is read anew in every pass.</summary>
    public bool Streams(Parameter parameter) => parameter.Layer is { } layer && Layers[layer].Contains(parameter);

    /// <summary>Decides what stays. Layers that do not are spread over the model, so that there is time to read each.</summary>
    /// <param name="parameters">The model's tensors.</param>
    /// <param name="layers">Its layers.</param>
    /// <param name="budget">Bytes that may stay; what cannot be streamed stays in any case.</param>
    public static StreamPlan Of(ParameterSet parameters, int layers, long budget)
    {
        var tensors = new IReadOnlyList<Parameter>[layers];
        for (int i = 0; i < layers; i++)
        {
            int layer = i;
            tensors[i] = [.. parameters.All.Where(p => p.Layer == layer && p.Place is not null)];
        }

        long[] bytes = [.. tensors.Select(g => g.Sum(p => p.ByteCount))];
        int[] candidates = [.. Enumerable.Range(0, layers).Where(i => bytes[i] > 0)];
        for (int count = 0; ; count++)
        {
            var streamed = Spread(candidates, count);
            long resident = parameters.ByteCount - streamed.Sum(i => bytes[i]);
            if (resident <= budget || count == candidates.Length)
            {
                return new StreamPlan(
                    [.. tensors.Select((t, i) => streamed.Contains(i) ? t : [])], resident,
                    streamed.Select(i => bytes[i]).DefaultIfEmpty().Max());
            }
        }
    }

    // Some of the layers, as far from each other as they can be.
    private static HashSet<int> Spread(int[] layers, int count) =>
        [.. layers.Where((_, i) => (i + 1L) * count / layers.Length > (long)i * count / layers.Length)];
}
