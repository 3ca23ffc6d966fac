using IlZo.Backends;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>Keys and values on a device: layer-major, keys then values of all slots, each [slot, capacity, features].</summary>
internal sealed class GpuKeyValueCache : KeyValueCache
{
    private readonly DeviceMemory _memory;
    private readonly DeviceStream _stream;
    private readonly MemoryBuffer _buffer;
    private readonly long _count;

    public GpuKeyValueCache(DeviceMemory memory, DeviceStream stream, int layers, int features, int capacity, int slots)
        : base(layers, features, capacity, slots)
    {
        _memory = memory;
        _stream = stream;
        _count = checked(slots * BytesOf(layers, features, capacity)) / sizeof(float);
        _buffer = memory.Take(_count * sizeof(float), "keys and values of texts");
    }

    public ArrayView<float> Keys(int layer) => Part(2 * layer);

    public ArrayView<float> Values(int layer) => Part((2 * layer) + 1);

    protected override void Copy(int layer, Span<float> keys, Span<float> values)
    {
        _stream.Read(Keys(layer), keys);
        _stream.Read(Values(layer), values);
    }

    protected override void CopySlot(int from, int to, int tokens)
    {
        long size = (long)Features * Capacity;
        long count = (long)Features * tokens;
        for (int part = 0; part < 2 * Layers; part++)
        {
            var source = Part(part).SubView(from * size, count);
            _stream.Copy(source.Cast<byte>(), Part(part).SubView(to * size, count).Cast<byte>());
        }
    }

    protected override void Release() => _memory.Give(_buffer, _count * sizeof(float));

    private ArrayView<float> Part(int index)
    {
        long size = (long)Slots * Features * Capacity;
        return new ArrayView<float>(_buffer, index * size, size);
    }
}
