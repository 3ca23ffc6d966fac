using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Attention of a single query to the keys and values of its text where they lie in the cache, [feature][stride]: vectors hold keys, and
/// nothing is packed. Sums over keys have the order of <see cref="VectorProduct"/>, so the bits do not depend on the width of vectors.
/// Keys are taken in blocks of <see cref="Block"/>, the last of which may reach beyond the text's and beyond their row, to numbers that are
/// read and not used.
/// </summary>
internal static unsafe class DecodeAttention
{
    /// <summary>Keys of a block.</summary>
    public const int Block = VectorProduct.Sums;

    // Vectors of keys whose scores stay in registers.
    private const int Unroll = 4;

    /// <summary>scores[key] = Σ q[f]·K[f][key] for whole blocks of keys.</summary>
    /// <param name="query">The query, scaled.</param>
    /// <param name="size">Features of the head.</param>
    /// <param name="keys">The head's first key.</param>
    /// <param name="stride">Numbers from a feature to the next.</param>
    /// <param name="first">The first key, at the beginning of a block.</param>
    /// <param name="end">One more than the last.</param>
    /// <param name="scores">Key 0's; receives whole blocks.</param>
    public static void Score(float* query, int size, float* keys, int stride, int first, int end, float* scores) =>
        VectorWidth.Use(new ScoreWork(query, size, keys, stride, first, end, scores));

    /// <summary>result[f] = Σ softmax(scores)[key]·V[f][key]; scores become exponentials.</summary>
    /// <param name="scores">Key 0's; −∞ for those that are not seen, and at the end of the last block.</param>
    /// <param name="first">The first key, at the beginning of a block.</param>
    /// <param name="end">One more than the last.</param>
    /// <param name="values">The head's first value.</param>
    /// <param name="stride">Numbers from a feature to the next.</param>
    /// <param name="size">Features of the head.</param>
    /// <param name="result">Receives the features.</param>
    public static void Mix(float* scores, int first, int end, float* values, int stride, int size, float* result) =>
        VectorWidth.Use(new MixWork(scores, first, end, values, stride, size, result));

    private readonly struct ScoreWork(float* query, int size, float* keys, int stride, int first, int end, float* scores) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            int width = TSimd.Width;
            for (int block = first; block < end; block += Block)
            {
                for (int key = block; key < block + Block; key += Unroll * width)
                {
                    TVector a = TSimd.Broadcast(0), b = a, c = a, d = a;
                    float* from = keys + key;
                    for (int f = 0; f < size; f++, from += stride)
                    {
                        var q = TSimd.Broadcast(query[f]);
                        a = TSimd.FusedMultiplyAdd(q, TSimd.Load(from), a);
                        b = TSimd.FusedMultiplyAdd(q, TSimd.Load(from + width), b);
                        c = TSimd.FusedMultiplyAdd(q, TSimd.Load(from + (2 * width)), c);
                        d = TSimd.FusedMultiplyAdd(q, TSimd.Load(from + (3 * width)), d);
                    }

                    TSimd.Store(a, scores + key);
                    TSimd.Store(b, scores + key + width);
                    TSimd.Store(c, scores + key + (2 * width));
                    TSimd.Store(d, scores + key + (3 * width));
                }
            }
        }
    }

    private readonly struct MixWork(float* scores, int first, int end, float* values, int stride, int size, float* result) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            float* sums = stackalloc float[Block];
            float* places = stackalloc float[Block];
            for (int i = 0; i < Block; i++)
            {
                places[i] = i;
            }

            float sum = Exponentiate<TVector, TSimd>(sums);
            int whole = first + ((end - first) / Block * Block);
            var rest = TSimd.Broadcast(end - whole);
            var zero = TSimd.Broadcast(0);
            float* row = values;
            for (int f = 0; f < size; f++, row += stride)
            {
                for (int lane = 0; lane < Block; lane += TSimd.Width)
                {
                    var a = zero;
                    for (int key = first + lane; key < whole; key += Block)
                    {
                        a = TSimd.FusedMultiplyAdd(TSimd.Load(scores + key), TSimd.Load(row + key), a);
                    }

                    // What lies beyond the last key belongs to nobody, and zero times it need not be zero.
                    if (whole < end)
                    {
                        int key = whole + lane;
                        var value = TSimd.SelectBelow(TSimd.Load(places + lane), rest, TSimd.Load(row + key), zero);
                        a = TSimd.FusedMultiplyAdd(TSimd.Load(scores + key), value, a);
                    }

                    TSimd.Store(a, sums + lane);
                }

                result[f] = VectorProduct.Total<TVector, TSimd>(sums) / sum;
            }
        }

        // The sum of the exponentials.
        private float Exponentiate<TVector, TSimd>(float* sums)
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            float largest = float.NegativeInfinity;
            for (int key = first; key < end; key++)
            {
                largest = MathF.Max(largest, scores[key]);
            }

            var shift = TSimd.Broadcast(largest);
            for (int lane = 0; lane < Block; lane += TSimd.Width)
            {
                var sum = TSimd.Broadcast(0);
                for (int key = first + lane; key - lane < end; key += Block)
                {
                    var e = Exponential<TVector, TSimd>.OfNonPositive(TSimd.Subtract(TSimd.Load(scores + key), shift));
                    sum = TSimd.Add(sum, e);
                    TSimd.Store(e, scores + key);
                }

                TSimd.Store(sum, sums + lane);
            }

            return VectorProduct.Total<TVector, TSimd>(sums);
        }
    }
}
