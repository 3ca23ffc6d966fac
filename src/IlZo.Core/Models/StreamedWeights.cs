using IlZo.Machine;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>
/// Keeps the frozen weights of some layers in memory only while a pass reads them. The others stay: as many as a budget allows, and all
/// that is in no layer. Weights lie in mapped files, so this decides about pages and about nothing that is computed: the layer that is
/// needed next is read from the file while another is computed, and what was read is given back. A second pass at the same time is slower
/// and gets the same numbers.
/// </summary>
internal sealed class StreamedWeights
{
    private readonly (nint Start, long Bytes)[][] _ranges;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, Task> _reading = [];

    private StreamedWeights(IReadOnlyList<Parameter>[] layers, HashSet<int> streamed, long residentBytes, long largestBytes)
    {
        _ranges = [.. layers.Select((tensors, i) => streamed.Contains(i) ? Ranges(tensors) : [])];
        ResidentBytes = residentBytes;
        WorkingBytes = streamed.Count == 0 ? 0 : Math.Min(2, streamed.Count) * largestBytes;
    }

    /// <summary>Bytes of the weights that stay in memory.</summary>
    public long ResidentBytes { get; }

    /// <summary>Bytes of the layers that are in memory for a while: the one that is read and the next.</summary>
    public long WorkingBytes { get; }

    /// <summary>How many layers are read anew in every pass.</summary>
    public int Layers => _ranges.Count(r => r.Length > 0);

    /// <summary>Whether a layer is read anew in every pass.</summary>
    public bool IsStreamed(int layer) => _ranges[layer].Length > 0;

    /// <summary>Decides what stays. Layers that do not are spread over the model, so that there is time to read each.</summary>
    /// <param name="parameters">The model's tensors, of which is known what is trained.</param>
    /// <param name="layers">Its layers.</param>
    /// <param name="budget">Bytes that may stay; what cannot be streamed stays in any case.</param>
    public static StreamedWeights Plan(ParameterSet parameters, int layers, long budget)
    {
        var groups = new IReadOnlyList<Parameter>[layers];
        for (int i = 0; i < layers; i++)
        {
            int layer = i;
            groups[i] = [.. parameters.All.Where(p => p.Layer == layer && p.IsMapped && !p.IsTrained)];
        }

        long[] bytes = [.. groups.Select(g => g.Sum(p => p.ByteCount))];
        int[] candidates = [.. Enumerable.Range(0, layers).Where(i => bytes[i] > 0)];
        for (int count = 0; ; count++)
        {
            var streamed = Spread(candidates, count);
            long resident = parameters.ByteCount - streamed.Sum(i => bytes[i]);
            if (resident <= budget || count == candidates.Length)
            {
                return new StreamedWeights(groups, streamed, resident, streamed.Select(i => bytes[i]).DefaultIfEmpty().Max());
            }
        }
    }

    /// <summary>Sees to it that a layer is in memory, and begins to read the next one that is not.</summary>
    public void Enter(int layer)
    {
        if (IsStreamed(layer))
        {
            Begin(layer).Wait();
            lock (_lock)
            {
                _reading.Remove(layer);
            }
        }

        if (Next(layer) is { } next)
        {
            _ = Begin(next);
        }
    }

    /// <summary>Gives back what a layer took.</summary>
    public void Leave(int layer)
    {
        foreach (var (start, bytes) in _ranges[layer])
        {
            PageAdvice.Drop(start, bytes);
        }
    }

    // Some of the layers, as far from each other as they can be.
    private static HashSet<int> Spread(int[] layers, int count) =>
        [.. layers.Where((_, i) => (i + 1L) * count / layers.Length > (long)i * count / layers.Length)];

    // The next layer that is read anew, after the last one that of the next pass; null where it is the same.
    private int? Next(int layer)
    {
        for (int i = 1; i < _ranges.Length; i++)
        {
            int next = (layer + i) % _ranges.Length;
            if (IsStreamed(next))
            {
                return next;
            }
        }

        return null;
    }

    private Task Begin(int layer)
    {
        lock (_lock)
        {
            if (!_reading.TryGetValue(layer, out var reading))
            {
                _reading[layer] = reading = Task.Run(() =>
                {
                    foreach (var (start, bytes) in _ranges[layer])
                    {
                        PageAdvice.Populate(start, bytes);
                    }
                });
            }

            return reading;
        }
    }

    // Tensors that lie side by side in the file are one range: there is no page between them that has to stay.
    private static unsafe (nint Start, long Bytes)[] Ranges(IReadOnlyList<Parameter> tensors)
    {
        var ranges = new List<(nint Start, long Bytes)>();
        foreach (var (start, bytes) in tensors.Select(p => ((nint)p.Data, p.ByteCount)).OrderBy(r => r.Item1))
        {
            if (ranges.Count > 0 && ranges[^1].Start + (nint)ranges[^1].Bytes == start)
            {
                ranges[^1] = (ranges[^1].Start, ranges[^1].Bytes + bytes);
            }
            else
            {
                ranges.Add((start, bytes));
            }
        }

        return [.. ranges];
    }
}
