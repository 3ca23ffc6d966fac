using System.Diagnostics;
using System.Runtime.Intrinsics;

namespace IlZo.Backends.Cpu;

internal sealed unsafe partial class CpuTangentPass
{
    // A prefix is read with its tangents, which are zero where it is not trained.
    private protected override bool IsPerturbed(KeyValuePrefix prefix) => true;

    private protected override void Attend(CpuActivation queries, in KeyValueSource keys, CpuActivation mixed, AttentionShape shape)
    {
        if (mixed.IsShared)
        {
            base.Attend(queries, keys, mixed, shape);
            return;
        }

        queries.Spread();
        keys.Spread();
        _pool.Run(checked(_batch.Segments.Count * shape.KeyValueHeads), new AttentionWork(this, queries, keys, mixed, shape));
    }

    // With scores s, p = softmax(s) and y = Σ p v: ṡ = q̇ k + q k̇ and ẏ = Σ p(ṡ − Σ p ṡ) v + Σ p v̇. All query heads that share one
    // key/value head, for the tokens of one segment.
    private void AttendGroup(
        CpuActivation q,
        in KeyValueSource source,
        CpuActivation y,
        AttentionShape shape,
        int segment,
        int keyHead,
        WorkerScratch scratch)
    {
        var engine = ManagedAttention.Instance;
        var span = _batch.Segments[segment];
        int size = shape.HeadSize;
        int before = source.Before + span.Prefix;
        int keyCount = before + span.Length;
        var values = engine.Pack(source, 0, segment, keyHead * size, size, keyCount, scratch);
        var tangents = engine.Pack(source, 1, segment, keyHead * size, size, keyCount, scratch.Tangents);
        int headsPerKey = shape.Heads / shape.KeyValueHeads;
        for (int h = keyHead * headsPerKey; h < (keyHead + 1) * headsPerKey; h++)
        {
            for (int first = 0; first < span.Length; first += Panel.Lanes)
            {
                int lanes = Math.Min(Panel.Lanes, span.Length - first);
                int end = shape.Causal ? before + first + lanes : keyCount;
                int firstKey = FirstKey(shape, source, span.Prefix + first) / engine.KeyStep * engine.KeyStep;
                var tile = Tile(engine, size, keyCount, scratch);
                var tangentTile = Tile(engine, size, keyCount, scratch.Tangents);
                LoadQueries(q, 0, span.Start + first, lanes, h * size, size, shape.Scale, tile.Queries);
                LoadQueries(q, 1, span.Start + first, lanes, h * size, size, shape.Scale, tangentTile.Queries);
                engine.Score(values, tile.Queries, firstKey, end, lanes, tile.Scores);
                engine.Score(values, tangentTile.Queries, firstKey, end, lanes, tangentTile.Scores);
                ManagedAttention.AddScores(tangents, tile.Queries, firstKey, end, lanes, tangentTile.Scores);
                int scored = (end - firstKey) * Panel.Lanes;
                if (shape.SoftCap is { } cap)
                {
                    Cap(cap, tile.Scores + (firstKey * Panel.Lanes), tangentTile.Scores + (firstKey * Panel.Lanes), scored);
                }

                Hide(shape, tile.Scores, firstKey, end, source.Before, span.Prefix + first, lanes);
                Mix(values, tangents, tile, tangentTile, firstKey, end, lanes);
                StoreResult(tile.Result, y, 0, span.Start + first, lanes, h * size, size);
                StoreResult(tangentTile.Result, y, 1, span.Start + first, lanes, h * size, size);
            }
        }
    }

    private static QueryTile Tile(ManagedAttention engine, int size, int keys, WorkerScratch scratch)
    {
        int scoreRows = engine.ScoreRows(keys);
        float* queries = scratch.Tile((size + scoreRows + engine.ResultRows(size)) * (long)Panel.Lanes);
        float* scores = queries + (size * Panel.Lanes);
        return new QueryTile(queries, scores, scores + (scoreRows * Panel.Lanes));
    }

    private static void Mix(
        in KeyValueOperand values, in KeyValueOperand tangents, QueryTile tile, QueryTile tangentTile, int first, int end, int lanes)
    {
        float* sums = stackalloc float[Panel.Lanes];
        ManagedAttention.Exponentiate(tile.Scores, first, end, lanes, sums);
        ChangeOfWeights(tile.Scores, tangentTile.Scores, first, end, sums);
        int count = values.Size * Panel.Lanes;
        new Span<float>(tile.Result, count).Clear();
        ManagedAttention.AddMix(values, tile.Scores, first, end, lanes, tile.Result);
        AttentionEngine.Divide(tile.Result, values.Size, sums);
        new Span<float>(tangentTile.Result, count).Clear();
        ManagedAttention.AddMix(values, tangentTile.Scores, first, end, lanes, tangentTile.Result);
        ManagedAttention.AddMix(tangents, tile.Scores, first, end, lanes, tangentTile.Result);
        AttentionEngine.Divide(tangentTile.Result, values.Size, sums);
    }

    // e(ṡ − Σ e ṡ / Σ e) in the place of ṡ, for exponentials e.
    private static void ChangeOfWeights(float* exponentials, float* tangents, int first, int end, float* sums)
    {
        for (int lane = 0; lane < Panel.Lanes; lane += Vector512<float>.Count)
        {
            var along = Vector512<float>.Zero;
            for (int i = (first * Panel.Lanes) + lane; i < end * Panel.Lanes; i += Panel.Lanes)
            {
                along += Vector512.Load(exponentials + i) * Vector512.Load(tangents + i);
            }

            var mean = along / Vector512.Load(sums + lane);
            for (int i = (first * Panel.Lanes) + lane; i < end * Panel.Lanes; i += Panel.Lanes)
            {
                (Vector512.Load(exponentials + i) * (Vector512.Load(tangents + i) - mean)).Store(tangents + i);
            }
        }
    }

    // A panel of queries, their scores and their results.
    private readonly struct QueryTile(float* queries, float* scores, float* result)
    {
        public float* Queries => queries;

        public float* Scores => scores;

        public float* Result => result;
    }

    private readonly struct AttentionWork(
        CpuTangentPass pass, CpuActivation q, KeyValueSource source, CpuActivation y, AttentionShape shape) : IWork
    {
        public void Do(int item, int worker)
        {
            long start = Stopwatch.GetTimestamp();
            int head = item % shape.KeyValueHeads;
            pass.AttendGroup(q, source, y, shape, item / shape.KeyValueHeads, head, pass._scratch[worker]);
            pass._profile.Add(CpuProfile.Part.Attention, worker, start);
        }
    }
}
