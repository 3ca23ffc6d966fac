using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Attention's products in fp32 by the C# micro-kernels: scores take the keys as they lie, features first; values are rows of keys.
/// </summary>
internal sealed unsafe class ManagedAttention : AttentionEngine
{
    private ManagedAttention()
    {
    }

    public static ManagedAttention Instance { get; } = new();

    public override int KeyStep => Panel.Depth;

    public override int ScoreRows(int keys) => Panel.Padded(keys);

    public override int ResultRows(int headSize) => Panel.Padded(headSize);

    public override KeyValueOperand Pack(
        in KeyValueSource source, int probe, int segment, int feature, int size, int count, WorkerScratch scratch)
    {
        int stride = Panel.Padded(count);
        float* keys = scratch.Packed((long)stride * size);
        float* values = scratch.Packed2(ValueSlice(size) * Slices(count));
        source.GatherKeys(probe, segment, feature, size, count, keys, stride);
        source.PackValues(probe, segment, feature, size, count, values, ValueSlice(size), Panel.Padded(size));
        return new KeyValueOperand(keys, values, size, count, scratch);
    }

    public override void Score(in KeyValueOperand operand, float* queries, int first, int end, int lanes, float* scores)
    {
        new Span<float>(scores + (first * Panel.Lanes), Panel.Padded(end - first) * Panel.Lanes).Clear();
        AddScores(operand, queries, first, end, lanes, scores);
    }

    /// <summary>scores[key][32] += K · Q, as <see cref="Score"/> begins at zero.</summary>
    public static void AddScores(in KeyValueOperand operand, float* queries, int first, int end, int lanes, float* scores) =>
        Panel.MultiplyTransposed(
            (float*)operand.Keys + first, Panel.Padded(operand.Count), end - first, queries, lanes, scores + (first * Panel.Lanes),
            operand.Size);

    public override void Mix(in KeyValueOperand operand, float* scores, int first, int end, int lanes, float* result)
    {
        float* sums = stackalloc float[Panel.Lanes];
        Exponentiate(scores, first, end, lanes, sums);
        new Span<float>(result, operand.Size * Panel.Lanes).Clear();
        AddMix(operand, scores, first, end, lanes, result);
        Divide(result, operand.Size, sums);
    }

    /// <summary>
    /// exp(score − the largest) in the place of the scores, and their sums over the keys. One query in each lane; of a panel's others the
    /// sum is 1.
    /// </summary>
    public static void Exponentiate(float* scores, int first, int end, int lanes, float* sums) =>
        VectorWidth.Use(new ExponentialWork(scores + (first * Panel.Lanes), end - first, lanes, sums));

    /// <summary>result[feature][32] += Vᵀ · weights over the keys from <paramref name="first"/> to <paramref name="end"/>.</summary>
    public static void AddMix(in KeyValueOperand operand, float* weights, int first, int end, int lanes, float* result)
    {
        float* values = (float*)operand.Values;
        for (int slice = first / Panel.Depth; slice < Slices(end); slice++)
        {
            int depth = Math.Min(Panel.Depth, end - (slice * Panel.Depth));
            float* x = weights + (slice * Panel.Depth * Panel.Lanes);
            Panel.Multiply(values + (slice * ValueSlice(operand.Size)), operand.Size, x, lanes, result, depth);
        }
    }

    private static int Slices(int keys) => (keys + Panel.Depth - 1) / Panel.Depth;

    private static long ValueSlice(int size) => (long)Panel.Padded(size) * Panel.Stride;

    private readonly struct ExponentialWork(float* scores, int keys, int lanes, float* sums) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            for (int lane = 0; lane < Panel.Lanes; lane += TSimd.Width)
            {
                TSimd.Store(lane < lanes ? Column<TVector, TSimd>(scores + lane, keys) : TSimd.Broadcast(1), sums + lane);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static TVector Column<TVector, TSimd>(float* scores, int keys)
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            var largest = TSimd.Load(scores);
            for (int key = 1; key < keys; key++)
            {
                largest = TSimd.Max(largest, TSimd.Load(scores + (key * Panel.Lanes)));
            }

            var sum = TSimd.Broadcast(0);
            for (int key = 0; key < keys; key++, scores += Panel.Lanes)
            {
                var e = Exponential<TVector, TSimd>.OfNonPositive(TSimd.Subtract(TSimd.Load(scores), largest));
                sum = TSimd.Add(sum, e);
                TSimd.Store(e, scores);
            }

            return sum;
        }
    }
}
