using System.Runtime.Intrinsics;

namespace IlZo.Backends.Cpu;

/// <summary>Attention's products in fp32 by the C# micro-kernels: scores take the keys as they lie, features first; values are rows of keys.</summary>
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
        scores += first * Panel.Lanes;
        new Span<float>(scores, Panel.Padded(end - first) * Panel.Lanes).Clear();
        Panel.MultiplyTransposed((float*)operand.Keys + first, Panel.Padded(operand.Count), end - first, queries, lanes, scores, operand.Size);
    }

    public override void Mix(in KeyValueOperand operand, float* scores, int first, int end, int lanes, float* result)
    {
        Softmax(scores + (first * Panel.Lanes), end - first, lanes);
        new Span<float>(result, operand.Size * Panel.Lanes).Clear();
        float* values = (float*)operand.Values;
        for (int slice = first / Panel.Depth; slice < Slices(end); slice++)
        {
            int depth = Math.Min(Panel.Depth, end - (slice * Panel.Depth));
            float* x = scores + (slice * Panel.Depth * Panel.Lanes);
            Panel.Multiply(values + (slice * ValueSlice(operand.Size)), operand.Size, x, lanes, result, depth);
        }
    }

    // One query in each lane.
    private static void Softmax(float* scores, int keys, int lanes)
    {
        for (int lane = 0; lane < lanes; lane += Vector512<float>.Count)
        {
            float* column = scores + lane;
            var largest = Largest(column, keys);
            var sum = Vector512<float>.Zero;
            for (int key = 0; key < keys; key++)
            {
                var e = Vector512.Exp(Vector512.Load(column + (key * Panel.Lanes)) - largest);
                sum += e;
                e.Store(column + (key * Panel.Lanes));
            }

            var inverse = Vector512<float>.One / sum;
            for (int key = 0; key < keys; key++)
            {
                (Vector512.Load(column + (key * Panel.Lanes)) * inverse).Store(column + (key * Panel.Lanes));
            }
        }
    }

    private static int Slices(int keys) => (keys + Panel.Depth - 1) / Panel.Depth;

    private static long ValueSlice(int size) => (long)Panel.Padded(size) * Panel.Stride;
}
