using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>The numbers 0, 1, 2, … on a device: the rows of a tensor that is read as a whole.</summary>
internal sealed class DeviceRange : IDisposable
{
    private const string Purpose = "tables";
    private const int SmallestCount = 1 << 12;

    private readonly DeviceStream _stream;
    private readonly DeviceMemory _memory;
    private MemoryBuffer _buffer;
    private int _count;

    public DeviceRange(DeviceStream stream, DeviceMemory memory)
    {
        (_stream, _memory) = (stream, memory);
        _buffer = Take(SmallestCount);
    }

    /// <summary>The numbers below some other.</summary>
    public ArrayView<int> To(int count)
    {
        if (count > _count)
        {
            // Earlier ones are in use until the device has done what it was asked for.
            _stream.Wait();
            var earlier = (_buffer, _count);
            _buffer = Take(Math.Max(count, 2 * _count));
            _memory.Give(earlier._buffer, earlier._count * sizeof(int));
        }

        return new ArrayView<int>(_buffer, 0, count);
    }

    public void Dispose() => _memory.Give(_buffer, _count * sizeof(int));

    private MemoryBuffer Take(int count)
    {
        var buffer = _memory.Take(count * sizeof(int), Purpose);
        _stream.Write<int>([.. Enumerable.Range(0, count)], new ArrayView<int>(buffer, 0, count));
        _count = count;
        return buffer;
    }
}
