using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Keys and values in memory: layer-major, keys then values, each [features, capacity] so that a feature's tokens are adjacent.
/// </summary>
internal sealed unsafe class CpuKeyValueCache(int layers, int features, int capacity) : KeyValueCache(layers, features, capacity)
{
    private readonly NativeBuffer _memory = new(checked(2L * layers * features * capacity * sizeof(float)));

    public float* Keys(int layer) => (float*)_memory.Data + (2L * layer * Features * Capacity);

    public float* Values(int layer) => Keys(layer) + ((long)Features * Capacity);

    protected override void Copy(int layer, Span<float> keys, Span<float> values)
    {
        Copy(Keys(layer), keys);
        Copy(Values(layer), values);
    }

    protected override void Release() => _memory.Dispose();

    private void Copy(float* from, Span<float> to)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = from[((long)(i % Features) * Capacity) + (i / Features)];
        }
    }
}
