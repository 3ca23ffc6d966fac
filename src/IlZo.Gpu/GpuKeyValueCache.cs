using IlZo.Backends;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>Keys and values on a device: layer-major, keys then values, each [capacity, features].</summary>
internal sealed class GpuKeyValueCache : KeyValueCache
{
    private readonly DeviceMemory _memory;
    private readonly DeviceStream _stream;
    private readonly MemoryBuffer _buffer;
    private readonly long _count;

    public GpuKeyValueCache(DeviceMemory memory, DeviceStream stream, int layers, int features, int capacity)
        : base(layers, features, capacity)
    {
        _memory = memory;
        _stream = stream;
        _count = checked(2L * layers * features * capacity);
        _buffer = memory.Take(_count * sizeof(float), "keys and values of a text");
    }

    public ArrayView<float> Keys(int layer) => Part(2 * layer);

    public ArrayView<float> Values(int layer) => Part((2 * layer) + 1);

    protected override void Copy(int layer, Span<float> keys, Span<float> values)
    {
        _stream.Read(Keys(layer), keys);
        _stream.Read(Values(layer), values);
    }

    protected override void Release() => _memory.Give(_buffer, _count * sizeof(float));

    private ArrayView<float> Part(int index)
    {
        long size = (long)Features * Capacity;
        return new ArrayView<float>(_buffer, index * size, size);
    }
}
