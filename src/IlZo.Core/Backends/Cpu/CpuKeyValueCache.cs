using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Keys and values in memory: layer-major, keys then values of each slot, each [features, <see cref="Stride"/>] so that a feature's tokens
/// are adjacent.
/// </summary>
internal sealed unsafe class CpuKeyValueCache(int layers, int features, int capacity, int slots)
    : KeyValueCache(layers, features, capacity, slots)
{
    private const int LineFloats = 16;

    // With room behind the last row for a block of keys that begins in it.
    private readonly NativeBuffer _memory = new(
        checked((slots * BytesOf(layers, features, StrideOf(capacity))) + (DecodeAttention.Block * sizeof(float))));

    /// <summary>Numbers from a feature to the next: the capacity, filled up to whole cache lines.</summary>
    public int Stride { get; } = StrideOf(capacity);

    public float* Keys(int layer, int slot) => (float*)_memory.Data + (2L * (((long)layer * Slots) + slot) * Features * Stride);

    public float* Values(int layer, int slot) => Keys(layer, slot) + ((long)Features * Stride);

    protected override void Copy(int layer, Span<float> keys, Span<float> values)
    {
        Copy(Keys(layer, 0), keys);
        Copy(Values(layer, 0), values);
    }

    protected override void CopySlot(int from, int to, int tokens)
    {
        for (int layer = 0; layer < Layers; layer++)
        {
            // The values of a slot follow its keys.
            float* source = Keys(layer, from);
            float* destination = Keys(layer, to);
            for (long f = 0; f < 2L * Features; f++)
            {
                new ReadOnlySpan<float>(source + (f * Stride), tokens).CopyTo(new Span<float>(destination + (f * Stride), tokens));
            }
        }
    }

    protected override void Release() => _memory.Dispose();

    private void Copy(float* from, Span<float> to)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = from[((long)(i % Features) * Stride) + (i / Features)];
        }
    }

    private static int StrideOf(int capacity) => checked((capacity + LineFloats - 1) / LineFloats * LineFloats);
}
