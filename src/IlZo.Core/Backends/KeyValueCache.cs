using IlZo.Tensors;

namespace IlZo.Backends;

/// <summary>Keys and values of the tokens seen so far in one text, so that a continuation costs its own tokens only.</summary>
/// <remarks>Memory: layer-major, keys then values, each [features, capacity] so that a feature's tokens are adjacent.</remarks>
public sealed unsafe class KeyValueCache : IDisposable
{
    private readonly NativeBuffer _memory;

    /// <param name="layers">Layers of the model.</param>
    /// <param name="features">Key features of a layer: key/value heads times head size.</param>
    /// <param name="capacity">The longest text it can hold, in tokens.</param>
    public KeyValueCache(int layers, int features, int capacity)
    {
        Features = features;
        Capacity = capacity;
        _memory = new NativeBuffer(2L * layers * features * capacity * sizeof(float));
    }

    public int Features { get; }

    public int Capacity { get; }

    internal float* Keys(int layer) => (float*)_memory.Data + (2L * layer * Features * Capacity);

    internal float* Values(int layer) => Keys(layer) + ((long)Features * Capacity);

    public void Dispose() => _memory.Dispose();
}
