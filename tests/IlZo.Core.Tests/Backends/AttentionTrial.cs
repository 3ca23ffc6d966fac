using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Core.Tests.Backends;

/// <summary>Attention over random queries, keys and values, and what it must give: the definition, in fp64.</summary>
internal sealed unsafe class AttentionTrial : IDisposable
{
    private readonly NativeBuffer _memory;
    private readonly Parameter _queries;
    private readonly Parameter _keys;
    private readonly Parameter _values;
    private readonly KeyValuePrefix? _prefix;
    private readonly AttentionShape _shape;

    /// <param name="tokens">Rows of the tables of queries, keys and values; the batch's token i has row i.</param>
    /// <param name="heads">Query heads.</param>
    /// <param name="keyValueHeads">Key/value heads.</param>
    /// <param name="size">Features of a head.</param>
    /// <param name="prefix">Tokens of a prefix.</param>
    /// <param name="causal">Whether tokens see only those before them.</param>
    /// <param name="window">How many positions a token sees; null for all.</param>
    /// <param name="softCap">The soft cap of scores; null for none.</param>
    public AttentionTrial(
        int tokens, int heads, int keyValueHeads, int size, int prefix = 0, bool causal = true, int? window = null, float? softCap = null)
    {
        _shape = new AttentionShape(heads, keyValueHeads, size, 1 / MathF.Sqrt(size), causal, window, softCap);
        int own = tokens * size;
        int before = prefix * keyValueHeads * size;
        _memory = new NativeBuffer(((own * (heads + (2L * keyValueHeads))) + (2 * before)) * sizeof(float));
        float* next = (float*)_memory.Data;
        var random = new Random(7);
        for (int i = 0; i < _memory.ByteCount / sizeof(float); i++)
        {
            next[i] = (random.NextSingle() - 0.5f) * 4;
        }

        _queries = Table("queries", tokens, heads);
        _keys = Table("keys", tokens, keyValueHeads);
        _values = Table("values", tokens, keyValueHeads);
        if (prefix > 0)
        {
            _prefix = new KeyValuePrefix(Table("prefix keys", prefix, keyValueHeads), Table("prefix values", prefix, keyValueHeads));
        }

        Parameter Table(string name, int rows, int groups)
        {
            var table = new Parameter(name, [rows, groups * size], DType.F32, next);
            next += table.Count;
            return table;
        }
    }

    /// <summary>A text of as many tokens.</summary>
    public static TokenBatch Text(int tokens, int firstPosition = 0)
    {
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[tokens], firstPosition);
        return builder.Build();
    }

    /// <summary>Attention's result at every probe, as [probe][token · heads · size].</summary>
    /// <param name="backend">What computes it.</param>
    /// <param name="batch">The texts.</param>
    /// <param name="probes">The points; none for the stored values.</param>
    /// <param name="cache">What came before, or null.</param>
    /// <param name="firstRow">The row of the batch's first token.</param>
    public float[][] Run(
        CpuBackend backend, TokenBatch batch, IReadOnlyList<Probe>? probes = null, KeyValueCache? cache = null, int firstRow = 0)
    {
        probes ??= [Probe.Unperturbed];
        var pass = backend.Begin(batch, probes, cache);
        int[] rows = [.. Enumerable.Range(firstRow, batch.Count)];
        var (q, k, v) = (Load(_queries), Load(_keys), Load(_values));
        var y = pass.Rent(q.Features);
        pass.Attention(q, k, v, y, _shape, 0, _prefix);
        return [.. ProbePoints.Each(probes).Select((_, probe) =>
        {
            float[] result = new float[batch.Count * y.Features];
            pass.Read(y, probe, result);
            return result;
        })];

        Activation Load(Parameter table)
        {
            var x = pass.Rent(table.Columns);
            pass.Embed(table, rows, x);
            return x;
        }
    }

    /// <summary>The result for the stored values by the definition.</summary>
    public double[] Exact(TokenBatch batch)
    {
        var (heads, size) = (_shape.Heads, _shape.HeadSize);
        double[] result = new double[batch.Count * heads * size];
        for (int s = 0; s < batch.Segments.Count; s++)
        {
            int[] text = TextOf(batch, s);
            var segment = batch.Segments[s];
            for (int i = 0; i < segment.Length; i++)
            {
                int position = segment.Prefix + i;
                int first = _shape.Window is { } window ? Math.Max(0, position + 1 - window) : 0;
                int[] seen = text[first..(_shape.Causal ? position + 1 : text.Length)];
                for (int h = 0; h < heads; h++)
                {
                    var target = result.AsSpan((((segment.Start + i) * heads) + h) * size, size);
                    Mix(Element(_queries, segment.Start + i, h), h / (heads / _shape.KeyValueHeads), seen, target);
                }
            }
        }

        return result;
    }

    public void Dispose() => _memory.Dispose();

    // The tokens of a segment's text in their order.
    private static int[] TextOf(TokenBatch batch, int segment)
    {
        var s = batch.Segments[segment];
        int[] own = [.. Enumerable.Range(s.Start, s.Length)];
        return s.Parent < 0 ? own : [.. TextOf(batch, s.Parent), .. own];
    }

    private void Mix(float* query, int keyHead, int[] seen, Span<double> result)
    {
        var keys = new List<(nint Key, nint Value)>();
        for (int row = 0; row < (_prefix?.Keys.Rows ?? 0); row++)
        {
            keys.Add(((nint)Element(_prefix!.Keys, row, keyHead), (nint)Element(_prefix.Values, row, keyHead)));
        }

        foreach (int token in seen)
        {
            keys.Add(((nint)Element(_keys, token, keyHead), (nint)Element(_values, token, keyHead)));
        }

        double[] scores = [.. keys.Select(key => Cap(_shape.Scale * Product(query, (float*)key.Key)))];
        double largest = scores.Max();
        double sum = scores.Sum(score => Math.Exp(score - largest));
        for (int i = 0; i < scores.Length; i++)
        {
            double weight = Math.Exp(scores[i] - largest) / sum;
            for (int f = 0; f < result.Length; f++)
            {
                result[f] += weight * ((float*)keys[i].Value)[f];
            }
        }
    }

    private double Cap(double score) => _shape.SoftCap is { } cap ? cap * Math.Tanh(score / cap) : score;

    private double Product(float* a, float* b)
    {
        double sum = 0;
        for (int f = 0; f < _shape.HeadSize; f++)
        {
            sum += (double)a[f] * b[f];
        }

        return sum;
    }

    private float* Element(Parameter table, int row, int head) => (float*)table.At(row, head * _shape.HeadSize);
}
