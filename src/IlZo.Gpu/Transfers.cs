using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// What goes between the host and the device in a pass. Small arrays go to the device in the order of its work, without the host waiting:
/// they are copied to page-locked memory, from where the device fetches them. Two halves take turns; a half is used again only after the
/// host has waited for the device in between, as it does for results.
/// </summary>
internal sealed unsafe class Transfers(DeviceStream stream, DeviceMemory memory) : IDisposable
{
    private const string Purpose = "arrays of a pass";
    private const int Alignment = 256;
    private const long SmallestChunk = 1 << 16;

    private readonly Half[] _halves = [new(), new()];
    private int _current;

    /// <summary>Arrays of the pass before are no longer valid.</summary>
    public void Reset()
    {
        _current = 1 - _current;
        var half = _halves[_current];
        if (half.LastUse == stream.Waits && half.Used > 0)
        {
            stream.Wait();
        }

        half.Used = 0;
        while (half.Chunks.Count > 1)
        {
            Release(half.Chunks[0]);
            half.Chunks.RemoveAt(0);
        }
    }

    /// <summary>Sends an array; the view is valid until the next <see cref="Reset"/> but one.</summary>
    public ArrayView<T> Send<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        if (values.Length == 0)
        {
            return ArrayView<T>.Empty;
        }

        // A view begins at a whole number of its elements.
        var half = _halves[_current];
        int size = Unsafe.SizeOf<T>();
        long bytes = (long)values.Length * size;
        half.Used = (half.Used + size - 1) / size * size;
        if (half.Chunks.Count == 0 || half.Used + bytes > half.Chunks[^1].Host.Length)
        {
            long room = Math.Max(SmallestChunk, Math.Max(bytes, half.Chunks.Count == 0 ? 0 : 2 * half.Chunks[^1].Host.Length));
            half.Chunks.Add(new Chunk(memory.TakePageLocked(room, Purpose), memory.Take(room, Purpose), room));
            half.Used = 0;
        }

        var (host, device, _) = half.Chunks[^1];
        var staged = MemoryMarshal.Cast<byte, T>(host.Span.Slice((int)half.Used, (int)bytes));
        values.CopyTo(staged);
        var view = new ArrayView<T>(device, half.Used / size, values.Length);
        stream.Enqueue((T*)Unsafe.AsPointer(ref staged[0]), view, values.Length);
        half.Used = (half.Used + bytes + Alignment - 1) / Alignment * Alignment;
        half.LastUse = stream.Waits;
        return view;
    }

    public void Dispose()
    {
        foreach (var half in _halves)
        {
            half.Chunks.ForEach(Release);
        }
    }

    private void Release(Chunk chunk)
    {
        DeviceFaults.Release(chunk.Host);
        memory.Give(chunk.Device, chunk.Size);
    }

    private sealed record Chunk(PageLockedArray1D<byte> Host, MemoryBuffer Device, long Size);

    private sealed class Half
    {
        public List<Chunk> Chunks { get; } = [];

        public long Used { get; set; }

        public long LastUse { get; set; }
    }
}
