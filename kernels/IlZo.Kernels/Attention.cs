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

    /// <summary>Queries and keys of a tile.</summary>
    public int Side;
}

/// <summary>
/// y = softmax(scale · q kᵀ + mask) v over ragged segments, in one pass over the keys with a running maximum (online softmax). A group
/// takes some queries of one head and probe. Keys come in tiles from position 0 on, so a row's result does not depend on which others share
/// its tile. Source: Milakov and Gimelshein 2018, arXiv 1805.02867; Dao et al. 2022, arXiv 2205.14135.
/// </summary>
/// <remarks>
/// Shared memory, in floats, with s = <see cref="AttentionArguments.Side"/>: q, k, v and the result [s][size], scores [s][s], and 3s
/// running numbers.
/// </remarks>
public static class Attention
{
    /// <summary>Numbers of a tile.</summary>
    public const int TileFields = 5;

    /// <summary>Floats of shared memory that a group takes.</summary>
    public static int SharedFloats(int side, int headSize) => (4 * side * headSize) + (side * side) + (3 * side);

    [KernelName(nameof(Attention))]
    public static void Run(AttentionArguments a)
    {
        int size = a.HeadSize;
        int side = a.Side;
        var shared = SharedMemory.GetDynamic<float>();
        var q = shared.SubView(0, side * size);
        var k = shared.SubView(side * size, side * size);
        var v = shared.SubView(2 * side * size, side * size);
        var sums = shared.SubView(3 * side * size, side * size);
        var scores = shared.SubView(4 * side * size, side * side);
        var state = shared.SubView((4 * side * size) + (side * side), 3 * side);
        int tile = Grid.IdxX * TileFields;
        int firstToken = a.Tiles[tile];
        int count = a.Tiles[tile + 1];
        int firstVisible = a.Tiles[tile + 2];
        int keys = a.Tiles[tile + 3];
        int list = a.Tiles[tile + 4];
        int head = Grid.IdxY;
        int keyHead = head / (a.Heads / a.KeyValueHeads);
        long rows = ((long)Grid.IdxZ * a.Tokens) + firstToken;
        for (int i = Group.IdxX; i < count * size; i += Group.DimX)
        {
            q[i] = a.Q[rows + (i / size), (head * size) + (i % size)] * a.Scale;
            sums[i] = 0;
        }

        for (int i = Group.IdxX; i < side; i += Group.DimX)
        {
            state[i] = float.NegativeInfinity;
            state[side + i] = 0;
        }

        for (int first = 0; first < keys; first += side)
        {
            int width = keys - first < side ? keys - first : side;
            Group.Barrier();
            for (int i = Group.IdxX; i < width * size; i += Group.DimX)
            {
                int key = a.Keys[list + first + (i / size)];
                int column = (keyHead * size) + (i % size);
                long row = key >= 0 ? ((long)Grid.IdxZ * a.KeyTokens) + key : ((long)Grid.IdxZ * a.Prefix) - 1 - key;
                k[i] = key >= 0 ? a.K[row, column] : a.PrefixK[row, column];
                v[i] = key >= 0 ? a.V[row, column] : a.PrefixV[row, column];
            }

            Group.Barrier();
            for (int i = Group.IdxX; i < count * width; i += Group.DimX)
            {
                int query = i / width;
                int key = i % width;
                int after = firstVisible + query - first - key;
                bool isVisible = a.Causal == 0 || (after > 0 && (a.Window == 0 || after <= a.Window));
                scores[(query * side) + key] = isVisible
                    ? Cap(Dot(q, query * size, k, key * size, size), a.SoftCap)
                    : float.NegativeInfinity;
            }

            Group.Barrier();
            for (int query = Group.IdxX; query < count; query += Group.DimX)
            {
                Exponentiate(scores.SubView(query * side, width), state, query, side);
            }

            Group.Barrier();
            for (int i = Group.IdxX; i < count * size; i += Group.DimX)
            {
                int query = i / size;
                float sum = sums[i] * state[(2 * side) + query];
                for (int key = 0; key < width; key++)
                {
                    sum += scores[(query * side) + key] * v[(key * size) + (i % size)];
                }

                sums[i] = sum;
            }
        }

        Group.Barrier();
        for (int i = Group.IdxX; i < count * size; i += Group.DimX)
        {
            a.Y[rows + (i / size), (head * size) + (i % size)] = sums[i] / state[side + (i / size)];
        }
    }

    private static float Cap(float score, float softCap) => softCap > 0 ? softCap * Tanh.Apply(score / softCap) : score;

    private static float Dot(ArrayView<float> x, int firstX, ArrayView<float> y, int firstY, int count)
    {
        float sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += x[firstX + i] * y[firstY + i];
        }

        return sum;
    }

    // The running maximum and sum of a query take in a tile's scores, which become exponentials; what was summed so far is to be multiplied
    // by the third number. Before the first visible key the maximum is −∞, and all differences are taken from 0.
    private static void Exponentiate(ArrayView<float> scores, ArrayView<float> state, int query, int side)
    {
        float before = state[query];
        float largest = before;
        for (int key = 0; key < scores.Length; key++)
        {
            largest = MathF.Max(largest, scores[key]);
        }

        float shift = largest == float.NegativeInfinity ? 0 : largest;
        float rescale = MathF.Exp(before - shift);
        float sum = state[side + query] * rescale;
        for (int key = 0; key < scores.Length; key++)
        {
            float e = MathF.Exp(scores[key] - shift);
            scores[key] = e;
            sum += e;
        }

        state[query] = largest;
        state[side + query] = sum;
        state[(2 * side) + query] = rescale;
    }
}
