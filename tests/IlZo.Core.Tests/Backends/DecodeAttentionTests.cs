using IlZo.Arithmetic.Vectors;
using IlZo.Backends.Cpu;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Attention of a query to cached keys adds up in a stated order, and takes nothing from what lies beyond them.</summary>
public sealed unsafe class DecodeAttentionTests
{
    private const int Size = 5;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 63)]
    [InlineData(0, 64)]
    [InlineData(0, 65)]
    [InlineData(0, 200)]
    [InlineData(64, 65)]
    [InlineData(64, 200)]
    public void A_result_is_64_sums_over_the_keys_that_are_halved(int first, int end)
    {
        const int Stride = 4 * DecodeAttention.Block;
        var random = new Random(end);
        using var memory = new NativeBuffer(((2 * Size * Stride) + Stride + (2 * Size)) * sizeof(float));
        float* keys = (float*)memory.Data;
        float* values = keys + (Size * Stride);
        float* scores = values + (Size * Stride);
        float* query = scores + Stride;
        float* result = query + Size;
        for (int f = 0; f < Size; f++)
        {
            query[f] = random.NextSingle() - 0.5f;
            for (int key = 0; key < Stride; key++)
            {
                bool isKey = key >= first && key < end;
                keys[(f * Stride) + key] = isKey ? random.NextSingle() - 0.5f : float.NaN;
                values[(f * Stride) + key] = isKey ? random.NextSingle() - 0.5f : float.NaN;
            }
        }

        DecodeAttention.Score(query, Size, keys, Stride, first, end, scores);
        float[] exponentials = new float[Stride];
        for (int key = first; key < end; key++)
        {
            float score = 0;
            for (int f = 0; f < Size; f++)
            {
                score = float.FusedMultiplyAdd(query[f], keys[(f * Stride) + key], score);
            }

            Assert.Equal(score, scores[key]);
            exponentials[key] = score;
        }

        float largest = exponentials[first..end].Max();
        for (int key = first; key < end; key++)
        {
            exponentials[key] = Exponential<float, Scalar>.OfNonPositive(exponentials[key] - largest);
        }

        new Span<float>(scores + end, Stride - end).Fill(float.NegativeInfinity);
        DecodeAttention.Mix(scores, first, end, values, Stride, Size, result);
        float sum = Total(first, end, (key, before) => before + exponentials[key]);
        for (int f = 0; f < Size; f++)
        {
            float* row = values + (f * Stride);
            float mixed = Total(first, end, (key, before) => float.FusedMultiplyAdd(exponentials[key], row[key], before));
            Assert.Equal(mixed / sum, result[f]);
        }
    }

    private static float Total(int first, int end, Func<int, float, float> add)
    {
        float[] sums = new float[DecodeAttention.Block];
        for (int key = first; key < end; key++)
        {
            sums[key % DecodeAttention.Block] = add(key, sums[key % DecodeAttention.Block]);
        }

        for (int half = sums.Length / 2; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                sums[i] += sums[i + half];
            }
        }

        return sums[0];
    }
}
