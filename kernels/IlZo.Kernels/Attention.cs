using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels;

/// <summary>
/// What <see cref="Attention"/> takes. Activations have a row a token and probe; a key/value cache has the form of one probe.
/// </summary>
public struct AttentionArguments
{
    public RowsView Q;
    public RowsView K;
    public RowsView V;
    public RowsView Y;

    /// <summary>Keys before those of the texts, a row for each of them and probe.</summary>
    public RowsView PrefixK;

    /// <summary>Their values.</summary>
    public RowsView PrefixV;

    /// <summary>Rows of these of a probe.</summary>
    public int Prefix;

    /// <summary>
    /// Some queries of one segment each, a group for each: first token, number of tokens, keys the first one sees, keys the last one sees,
    /// and where the segment's list of keys begins.
    /// </summary>
    public ArrayView<int> Tiles;

    /// <summary>For each segment the rows of K and V that hold its text, position by position; −1 − i for row i of the prefix.</summary>
    public ArrayView<int> Keys;

    /// <summary>Rows of Q and Y of a probe.</summary>
    public int Tokens;

    /// <summary>Rows of K and V of a probe.</summary>
    public int KeyTokens;

    public int Heads;
    public int KeyValueHeads;
    public int HeadSize;
    public float Scale;

    /// <summary>1 where each query sees one key more than the one before it, 0 where all see all keys.</summary>
    public int Causal;

    /// <summary>How many of these keys, the last ones, a query sees; 0 for all.</summary>
    public int Window;

    /// <summary>c, where a score s becomes c · tanh(s / c); 0 where it stays.</summary>
    public float SoftCap;

    /// <summary>Queries and keys of a tile, a multiple of <see cref="Attention.Micro"/>.</summary>
    public int Side;
}

/// <summary>
/// y = softmax(scale · q kᵀ + mask) v over ragged segments, in one pass over the keys with a running maximum (online softmax). A group
/// takes some queries of one head and probe. Keys come in tiles from position 0 on, so a row's result does not depend on which others share
/// its tile. Source: Milakov and Gimelshein 2018, arXiv 1805.02867; Dao et al. 2022, arXiv 2205.14135.
/// </summary>
/// <remarks>
/// <para>
/// Shared memory, in floats, with s = <see cref="AttentionArguments.Side"/>: q, and the tile's keys and then its values, as s rows of a
/// head's features; scores as s rows of s keys, and 3s running numbers. Rows are whole quads, whose number is odd, so that neighbouring
/// threads, which read neighbouring rows or quads, meet different banks. Features and keys that fill up a quad are zero; rows that a tile
/// lacks hold anything, and what is computed from them is not stored.
/// </para>
/// <para>
/// A thread computes 4 queries by 2 scores, four features at a time: 6 loads of a quad for 32 multiply-adds. Of the result it computes 4
/// queries by 4 features, four keys at a time: 8 loads for 64. The result waits in Y from one tile of keys to the next; a number of it is
/// always the same thread's.
/// </para>
/// </remarks>
public static class Attention
{
    /// <summary>Numbers of a tile.</summary>
    public const int TileFields = 5;

    /// <summary>Queries that a thread computes side by side, and features of their results.</summary>
    public const int Micro = 4;

    private const int WarpThreads = 32;

    /// <summary>Floats of shared memory that a group takes.</summary>
    public static int SharedFloats(int side, int headSize) => (((2 * side * Pitch(headSize)) + (side * Pitch(side))) * Micro) + (3 * side);

    [KernelName(nameof(Attention))]
    public static void Run(AttentionArguments a)
    {
        int side = a.Side;
        int tileQuads = side * Pitch(a.HeadSize);
        var shared = SharedMemory.GetDynamic<Quad>();
        var q = shared.SubView(0, tileQuads);
        var keyTile = shared.SubView(tileQuads, tileQuads);
        var scores = shared.SubView(2 * tileQuads, side * Pitch(side));
        var state = shared.SubView((2 * tileQuads) + (side * Pitch(side)), 3 * side / Micro).Cast<float>();
        int tile = Grid.IdxX * TileFields;
        int firstToken = a.Tiles[tile];
        int count = a.Tiles[tile + 1];
        int firstVisible = a.Tiles[tile + 2];
        int keys = a.Tiles[tile + 3];
        int list = a.Tiles[tile + 4];
        int column = Grid.IdxY * a.HeadSize;
        int keyColumn = Grid.IdxY / (a.Heads / a.KeyValueHeads) * a.HeadSize;
        long rows = ((long)Grid.IdxZ * a.Tokens) + firstToken;
        LoadQueries(a, rows, count, column, q.Cast<float>());
        for (int i = Group.IdxX; i < side; i += Group.DimX)
        {
            state[i] = float.NegativeInfinity;
            state[side + i] = 0;
        }

        for (int first = 0; first < keys; first += side)
        {
            int width = keys - first < side ? keys - first : side;
            Group.Barrier();
            LoadKeys(a, a.K, a.PrefixK, list + first, width, keyColumn, keyTile.Cast<float>());
            Group.Barrier();
            Score(a, q, keyTile, scores.Cast<float>(), count, width, firstVisible - first);
            Group.Barrier();
            for (int query = Group.IdxX; query < count; query += Group.DimX)
            {
                Exponentiate(scores.SubView(query * Pitch(side), side / Micro).Cast<float>(), width, state, query, side);
            }

            LoadKeys(a, a.V, a.PrefixV, list + first, width, keyColumn, keyTile.Cast<float>());
            Group.Barrier();
            Mix(a, scores, keyTile, count, width, state, rows, column, first == 0, first + side >= keys);
        }
    }

    private static int Quads(int count) => (count + Micro - 1) / Micro;

    // Quads from a row to the next.
    private static int Pitch(int count) => Quads(count) | 1;

    private static void LoadQueries(AttentionArguments a, long rows, int count, int column, ArrayView<float> to)
    {
        int lanes = Lanes();
        for (int row = Group.IdxX / lanes; row < count; row += Group.DimX / lanes)
        {
            int at = row * Pitch(a.HeadSize) * Micro;
            for (int i = Group.IdxX % lanes; i < Quads(a.HeadSize) * Micro; i += lanes)
            {
                to[at + i] = i < a.HeadSize ? a.Q[rows + row, column + i] * a.Scale : 0;
            }
        }
    }

    // A row at a time by the threads of a warp, which look up once where it is; rows that fill up a quad of keys are zero.
    private static void LoadKeys(
        AttentionArguments a, RowsView from, RowsView prefix, int list, int count, int column, ArrayView<float> to)
    {
        int lanes = Lanes();
        for (int row = Group.IdxX / lanes; row < Quads(count) * Micro; row += Group.DimX / lanes)
        {
            int at = row * Pitch(a.HeadSize) * Micro;
            int key = row < count ? a.Keys[list + row] : 0;
            int size = row < count ? a.HeadSize : 0;
            if (key >= 0)
            {
                LoadRow(from, ((long)Grid.IdxZ * a.KeyTokens) + key, column, size, a.HeadSize, lanes, to, at);
            }
            else
            {
                LoadRow(prefix, ((long)Grid.IdxZ * a.Prefix) - 1 - key, column, size, a.HeadSize, lanes, to, at);
            }
        }
    }

    private static void LoadRow(
        RowsView from, long row, int column, int count, int size, int lanes, ArrayView<float> to, int first)
    {
        int lane = Group.IdxX % lanes;
        for (int i = lane; i < count; i += lanes)
        {
            to[first + i] = from[row, column + i];
        }

        for (int i = count + lane; i < Quads(size) * Micro; i += lanes)
        {
            to[first + i] = 0;
        }
    }

    // Groups have whole warps, or less than one.
    private static int Lanes() => Group.DimX < WarpThreads ? Group.DimX : WarpThreads;

    private static void Score(
        AttentionArguments a, ArrayView<Quad> q, ArrayView<Quad> k, ArrayView<float> scores, int count, int width, int firstVisible)
    {
        int pitch = Pitch(a.HeadSize);
        int half = a.Side / 2;
        for (int item = Group.IdxX; item < Quads(count) * half; item += Group.DimX)
        {
            int query = item / half * Micro;
            int key = item % half;
            int atQ = query * pitch;
            int atK = key * pitch;
            var lower = default(Quad);
            var upper = default(Quad);
            for (int i = 0; i < Quads(a.HeadSize); i++)
            {
                var q0 = q[atQ + i];
                var q1 = q[atQ + pitch + i];
                var q2 = q[atQ + (2 * pitch) + i];
                var q3 = q[atQ + (3 * pitch) + i];
                lower = AddDots(lower, k[atK + i], q0, q1, q2, q3);
                upper = AddDots(upper, k[atK + (half * pitch) + i], q0, q1, q2, q3);
            }

            StoreScores(a, lower, scores, query, key, width, firstVisible);
            StoreScores(a, upper, scores, query, key + half, width, firstVisible);
        }
    }

    private static Quad AddDots(Quad sums, Quad k, Quad q0, Quad q1, Quad q2, Quad q3) => sums
        .Add(k.V0, q0.V0, q1.V0, q2.V0, q3.V0)
        .Add(k.V1, q0.V1, q1.V1, q2.V1, q3.V1)
        .Add(k.V2, q0.V2, q1.V2, q2.V2, q3.V2)
        .Add(k.V3, q0.V3, q1.V3, q2.V3, q3.V3);

    private static void StoreScores(
        AttentionArguments a, Quad sums, ArrayView<float> scores, int query, int key, int width, int firstVisible)
    {
        if (key < width)
        {
            StoreScore(a, sums.V0, scores, query, key, firstVisible);
            StoreScore(a, sums.V1, scores, query + 1, key, firstVisible);
            StoreScore(a, sums.V2, scores, query + 2, key, firstVisible);
            StoreScore(a, sums.V3, scores, query + 3, key, firstVisible);
        }
    }

    private static void StoreScore(AttentionArguments a, float score, ArrayView<float> scores, int query, int key, int firstVisible)
    {
        int after = firstVisible + query - key;
        bool isVisible = a.Causal == 0 || (after > 0 && (a.Window == 0 || after <= a.Window));
        scores[(query * Pitch(a.Side) * Micro) + key] = isVisible ? Cap(score, a.SoftCap) : float.NegativeInfinity;
    }

    private static float Cap(float score, float softCap) => softCap > 0 ? softCap * Tanh.Apply(score / softCap) : score;

    // The running maximum and sum of a query take in a tile's scores, which become exponentials; what was summed so far is to be multiplied
    // by the third number. Before the first visible key the maximum is −∞, and all differences are taken from 0.
    private static void Exponentiate(ArrayView<float> scores, int width, ArrayView<float> state, int query, int side)
    {
        float before = state[query];
        float largest = before;
        for (int key = 0; key < width; key++)
        {
            largest = MathF.Max(largest, scores[key]);
        }

        float shift = largest == float.NegativeInfinity ? 0 : largest;
        float rescale = MathF.Exp(before - shift);
        float sum = state[side + query] * rescale;
        for (int key = 0; key < width; key++)
        {
            float e = MathF.Exp(scores[key] - shift);
            scores[key] = e;
            sum += e;
        }

        for (int key = width; key < Quads(width) * Micro; key++)
        {
            scores[key] = 0;
        }

        state[query] = largest;
        state[side + query] = sum;
        state[(2 * side) + query] = rescale;
    }

    private static void Mix(
        AttentionArguments a, ArrayView<Quad> scores, ArrayView<Quad> v, int count, int width, ArrayView<float> state, long rows,
        int column, bool isFirst, bool isLast)
    {
        int size = Quads(a.HeadSize);
        int pitch = Pitch(a.HeadSize);
        int scorePitch = Pitch(a.Side);
        for (int item = Group.IdxX; item < Quads(count) * size; item += Group.DimX)
        {
            int query = item / size * Micro;
            int quad = item % size;
            int at = query * scorePitch;
            var sum0 = default(Quad);
            var sum1 = default(Quad);
            var sum2 = default(Quad);
            var sum3 = default(Quad);
            for (int i = 0; i < Quads(width); i++)
            {
                int from = (i * Micro * pitch) + quad;
                var v0 = v[from];
                var v1 = v[from + pitch];
                var v2 = v[from + (2 * pitch)];
                var v3 = v[from + (3 * pitch)];
                sum0 = AddWeighted(sum0, scores[at + i], v0, v1, v2, v3);
                sum1 = AddWeighted(sum1, scores[at + scorePitch + i], v0, v1, v2, v3);
                sum2 = AddWeighted(sum2, scores[at + (2 * scorePitch) + i], v0, v1, v2, v3);
                sum3 = AddWeighted(sum3, scores[at + (3 * scorePitch) + i], v0, v1, v2, v3);
            }

            StoreRow(a, sum0, query, count, state, rows, column, quad * Micro, isFirst, isLast);
            StoreRow(a, sum1, query + 1, count, state, rows, column, quad * Micro, isFirst, isLast);
            StoreRow(a, sum2, query + 2, count, state, rows, column, quad * Micro, isFirst, isLast);
            StoreRow(a, sum3, query + 3, count, state, rows, column, quad * Micro, isFirst, isLast);
        }
    }

    private static Quad AddWeighted(Quad sums, Quad weights, Quad v0, Quad v1, Quad v2, Quad v3) =>
        sums.Add(weights.V0, v0).Add(weights.V1, v1).Add(weights.V2, v2).Add(weights.V3, v3);

    private static void StoreRow(
        AttentionArguments a, Quad sums, int query, int count, ArrayView<float> state, long rows, int column, int feature, bool isFirst,
        bool isLast)
    {
        if (query < count)
        {
            float rescale = isFirst ? 0 : state[(2 * a.Side) + query];
            float factor = isLast ? 1 / state[a.Side + query] : 1;
            StoreOne(a, sums.V0, rescale, factor, rows + query, column, feature, isFirst);
            StoreOne(a, sums.V1, rescale, factor, rows + query, column, feature + 1, isFirst);
            StoreOne(a, sums.V2, rescale, factor, rows + query, column, feature + 2, isFirst);
            StoreOne(a, sums.V3, rescale, factor, rows + query, column, feature + 3, isFirst);
        }
    }

    private static void StoreOne(
        AttentionArguments a, float sum, float rescale, float factor, long row, int column, int feature, bool isFirst)
    {
        if (feature < a.HeadSize)
        {
            float before = isFirst ? 0 : a.Y[row, column + feature] * rescale;
            a.Y[row, column + feature] = (before + sum) * factor;
        }
    }
}
