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
            _buffer = Take((int)Math.Max(count, Math.Min(2L * _count, Array.MaxLength)));
            _memory.Give(earlier._buffer, Bytes(earlier._count));
        }

        return new ArrayView<int>(_buffer, 0, count);
    }

    public void Dispose() => _memory.Give(_buffer, Bytes(_count));

    private static long Bytes(int count) => (long)count * sizeof(int);

    private MemoryBuffer Take(int count)
    {
        var buffer = _memory.Take(Bytes(count), Purpose);
        _stream.Write<int>([.. Enumerable.Range(0, count)], new ArrayView<int>(buffer, 0, count));
        _count = count;
        return buffer;
    }
}
