using System.Diagnostics;
using System.Numerics.Tensors;

namespace IlZo.Backends.Cpu;

internal unsafe partial class CpuPass
{
    public void Attention(
        Activation q, Activation k, Activation v, Activation y, AttentionShape shape, int? layer, KeyValuePrefix? prefix = null)
    {
        using var use = EnterPass();
        if (!shape.Causal && !_batch.IsWhole)
        {
            throw new ArgumentException("Attention that is not causal needs every text in one segment.", nameof(shape));
        }

        var past = layer is null ? null : _cache;
        Fit.Heads(shape, q, k, v, y, _batch, layer ?? 0, prefix, past);
        using var prefixKeys = _pass.Read(prefix?.Keys);
        using var prefixValues = _pass.Read(prefix?.Values);
        using var cache = past?.Enter(_pass.Number) ?? default;
        var queries = Own(q);
        var prefixRows = RentPrefix(prefix, out float* room, out long roomBytes);
        var keys = new KeyValueSource(_batch, _workspace.Runs, prefixRows, past, Own(k), Own(v), layer ?? 0);
        var mixed = Own(y);
        mixed.Prepare(queries.IsShared && keys.IsShared, keep: false);
        if (IsDecoding && keys.AreCached)
        {
            DecodeAttend(queries, keys, mixed, shape);
        }
        else
        {
            keys.ExtendCache();
            Attend(queries, keys, mixed, shape);
        }

        if (prefix is not null)
        {
            _arena.Return(room, roomBytes);
        }
    }

    /// <summary>Attention of all texts.</summary>
    /// <param name="queries">The queries.</param>
    /// <param name="keys">The keys and values.</param>
    /// <param name="mixed">Receives the result.</param>
    /// <param name="shape">The heads, and whether the mask is causal.</param>
    private protected virtual void Attend(CpuActivation queries, in KeyValueSource keys, CpuActivation mixed, AttentionShape shape)
    {
        int groups = checked(mixed.Parts * _batch.Segments.Count * shape.KeyValueHeads);

        // One query is not worth packing keys for; and engines do not split heads.
        var engine = IsDecoding || shape.HeadSize > _products.Attention.LongestHead ? ManagedAttention.Instance : _products.Attention;
        _pool.Run(groups, new AttentionWork(this, engine, queries, keys, mixed, shape));
    }

    /// <summary>Whether a prefix is read at each point of the pass.</summary>
    private protected virtual bool IsPerturbed(KeyValuePrefix prefix) => IsPerturbed(prefix.Keys) || IsPerturbed(prefix.Values);

    private PrefixRows RentPrefix(KeyValuePrefix? prefix, out float* room, out long bytes)
    {
        room = null;
        bytes = 0;
        if (prefix is null)
        {
            return default;
        }

        bool perturbed = IsPerturbed(prefix);
        var points = perturbed ? _points : PassPoints.Stored;
        bytes = 2 * points.Count * prefix.Keys.Count * sizeof(float);
        room = _arena.Rent(bytes);
        float* values = room + (points.Count * prefix.Keys.Count);
        PrefixRows.Read(prefix.Keys, points, room, _scratch[0]);
        PrefixRows.Read(prefix.Values, points, values, _scratch[0]);
        return new PrefixRows(room, values, prefix.Keys.Columns, prefix.Keys.Rows, perturbed);
    }

    // All query heads that share one key/value head, for the tokens of one segment.
    private void AttendGroup(
        AttentionEngine engine,
        CpuActivation q,
        in KeyValueSource source,
        CpuActivation y,
        AttentionShape shape,
        int probe,
        int segment,
        int keyHead,
        WorkerScratch scratch)
    {
        var span = _batch.Segments[segment];
        int size = shape.HeadSize;
        int before = source.Before + span.Prefix;
        int keyCount = before + span.Length;
        var operand = engine.Pack(source, probe, segment, keyHead * size, size, keyCount, scratch);
        int scoreRows = engine.ScoreRows(keyCount);
        float* queries = scratch.Tile((size + scoreRows + engine.ResultRows(size)) * (long)Panel.Lanes);
        float* scores = queries + (size * Panel.Lanes);
        float* result = scores + (scoreRows * Panel.Lanes);
        int headsPerKey = shape.Heads / shape.KeyValueHeads;
        for (int h = keyHead * headsPerKey; h < (keyHead + 1) * headsPerKey; h++)
        {
            for (int first = 0; first < span.Length; first += Panel.Lanes)
            {
                int lanes = Math.Min(Panel.Lanes, span.Length - first);
                int end = shape.Causal ? before + first + lanes : keyCount;
                int firstKey = FirstKey(shape, source, span.Prefix + first) / engine.KeyStep * engine.KeyStep;
                LoadQueries(q, probe, span.Start + first, lanes, h * size, size, shape.Scale, queries);
                engine.Score(operand, queries, firstKey, end, lanes, scores);
                if (shape.SoftCap is { } cap)
                {
                    Cap(cap, scores + (firstKey * Panel.Lanes), (end - firstKey) * Panel.Lanes);
                }

                Hide(shape, scores, firstKey, end, source.Before, span.Prefix + first, lanes);
                engine.Mix(operand, scores, firstKey, end, lanes, result);
                StoreResult(result, y, probe, span.Start + first, lanes, h * size, size);
            }
        }
    }

    // Tokens are copied in runs that end where panels do.
    private protected static void LoadQueries(
        CpuActivation q, int probe, int token, int lanes, int feature, int size, float scale, float* destination)
    {
        new Span<float>(destination, size * Panel.Lanes).Clear();
        for (int lane = 0; lane < lanes;)
        {
            int count = Math.Min(lanes - lane, Panel.Lanes - ((token + lane) % Panel.Lanes));
            float* source = q.Token(probe, token + lane) + ((long)feature * Panel.Lanes);
            for (int f = 0; f < size; f++)
            {
                TensorPrimitives.Multiply(
                    new ReadOnlySpan<float>(source + (f * Panel.Lanes), count), scale,
                    new Span<float>(destination + (f * Panel.Lanes) + lane, count));
            }

            lane += count;
        }
    }

    private protected static void StoreResult(float* source, CpuActivation y, int probe, int token, int lanes, int feature, int size)
    {
        for (int lane = 0; lane < lanes;)
        {
            int count = Math.Min(lanes - lane, Panel.Lanes - ((token + lane) % Panel.Lanes));
            float* destination = y.Token(probe, token + lane) + ((long)feature * Panel.Lanes);
            for (int f = 0; f < size; f++)
            {
                new ReadOnlySpan<float>(source + (f * Panel.Lanes) + lane, count).CopyTo(
                    new Span<float>(destination + (f * Panel.Lanes), count));
            }

            lane += count;
        }
    }

    // The first key that the query at a position sees. A prefix comes before the window, and nothing is left out then.
    private protected static int FirstKey(AttentionShape shape, in KeyValueSource source, int position) =>
        shape.Window is { } window && source.Before == 0 ? Math.Max(0, position + 1 - window) : 0;

    /// <summary>Hides from each query of a panel the keys that it does not see.</summary>
    /// <param name="shape">The mask.</param>
    /// <param name="scores">Key 0's.</param>
    /// <param name="firstKey">The first key that is scored.</param>
    /// <param name="end">One more than the last.</param>
    /// <param name="before">Keys before position 0 of the text.</param>
    /// <param name="position">The position of the panel's first query.</param>
    /// <param name="lanes">Queries of the panel.</param>
    private protected static void Hide(AttentionShape shape, float* scores, int firstKey, int end, int before, int position, int lanes)
    {
        if (shape.Window is { } window)
        {
            HideBeforeWindow(scores + (before * Panel.Lanes), firstKey, window, position, lanes);
        }

        HideAfterQuery(scores, end, shape.Causal ? before + position : end - 1, lanes);
    }

    // The query in lane i, at the given position plus i, sees its own position and those before it, as many as the window has.
    private static void HideBeforeWindow(float* scores, int firstKey, int window, int position, int lanes)
    {
        for (int lane = 0; lane < lanes; lane++)
        {
            for (int key = firstKey; key <= position + lane - window; key++)
            {
                scores[(key * Panel.Lanes) + lane] = float.NegativeInfinity;
            }
        }
    }

    // The query in lane i sees keys up to firstKey + i, its own position where attention is causal.
    private static void HideAfterQuery(float* scores, int keys, int firstKey, int lanes)
    {
        for (int key = firstKey + 1; key < keys; key++)
        {
            new Span<float>(scores + (key * Panel.Lanes), Math.Min(lanes, key - firstKey)).Fill(float.NegativeInfinity);
        }
    }

    private readonly struct AttentionWork(
        CpuPass pass, AttentionEngine engine, CpuActivation q, KeyValueSource source, CpuActivation y, AttentionShape shape) : IWork
    {
        public void Do(int item, int worker)
        {
            int groups = shape.KeyValueHeads;
            int segments = pass._batch.Segments.Count;
            int head = item % groups;
            int segment = item / groups % segments;
            int probe = item / (groups * segments);
            long start = Stopwatch.GetTimestamp();
            pass.AttendGroup(engine, q, source, y, shape, probe, segment, head, pass._scratch[worker]);
            pass._profile.Add(CpuProfile.Part.Attention, worker, start);
        }
    }
}
