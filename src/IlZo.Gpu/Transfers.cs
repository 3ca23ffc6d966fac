using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// What goes between the host and the device in a pass, through page-locked memory. Small arrays go to the device in the order of its
/// work, without the host waiting: the device fetches them from there. Two halves take turns; a half is used again only after the host
/// has waited for the device in between, as it does for results.
/// </summary>
internal sealed class Transfers(DeviceStream stream, DeviceMemory memory) : IDisposable
{
    private const string Purpose = "arrays of a pass";
    private const string ResultPurpose = "results of a pass";
    private const int Alignment = 256;
    private const long SmallestChunk = 1 << 16;

    private readonly Half[] _halves = [new(), new()];
    private int _current;
    private PageLockedArray1D<byte>? _results;

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
        var staged = Stage<T>(values.Length);
        values.CopyTo(staged.Values);
        return Send(staged);
    }

    /// <summary>Makes room for an array, to be filled and sent.</summary>
    public Staged<T> Stage<T>(int count)
        where T : unmanaged
    {
        if (count == 0)
        {
            return default;
        }

        // A view begins at a whole number of its elements.
        var half = _halves[_current];
        int size = Unsafe.SizeOf<T>();
        long bytes = (long)count * size;
        half.Used = (half.Used + size - 1) / size * size;
        if (half.Chunks.Count == 0 || half.Used + bytes > half.Chunks[^1].Host.Length)
        {
            long room = Math.Max(SmallestChunk, Math.Max(bytes, half.Chunks.Count == 0 ? 0 : 2 * half.Chunks[^1].Host.Length));
            half.Chunks.Add(new Chunk(memory.TakePageLocked(room, Purpose), memory.Take(room, Purpose), room));
            half.Used = 0;
        }

        var (host, device, _) = half.Chunks[^1];
        var staged = new Staged<T>(
            MemoryMarshal.Cast<byte, T>(host.Span.Slice((int)half.Used, (int)bytes)),
            host.ArrayView.SubView(half.Used, bytes),
            new ArrayView<T>(device, half.Used / size, count));
        half.Used = (half.Used + bytes + Alignment - 1) / Alignment * Alignment;
        half.LastUse = stream.Waits;
        return staged;
    }

    /// <summary>Sends an array that was staged since the last wait; the view is valid until the next <see cref="Reset"/> but one.</summary>
    public ArrayView<T> Send<T>(Staged<T> staged)
        where T : unmanaged
    {
        if (staged.Values.Length == 0)
        {
            return ArrayView<T>.Empty;
        }

        stream.Copy(staged.Source, staged.Target.Cast<byte>());
        return staged.Target;
    }

    /// <summary>Waits for the device and reads an array, which is valid until the next one is read.</summary>
    public ReadOnlySpan<T> Read<T>(ArrayView<T> from)
        where T : unmanaged
    {
        if (_results is null || _results.Length < from.LengthInBytes)
        {
            DeviceFaults.Release(_results);
            _results = null;
            _results = memory.TakePageLocked(Math.Max(SmallestChunk, from.LengthInBytes), ResultPurpose);
        }

        stream.Copy(from.Cast<byte>(), _results.ArrayView.SubView(0, from.LengthInBytes));
        stream.Wait();
        return MemoryMarshal.Cast<byte, T>(_results.Span[..(int)from.LengthInBytes]);
    }

    public void Dispose()
    {
        foreach (var half in _halves)
        {
            half.Chunks.ForEach(Release);
        }

        DeviceFaults.Release(_results);
    }

    private void Release(Chunk chunk)
    {
        DeviceFaults.Release(chunk.Host);
        memory.Give(chunk.Device, chunk.Size);
    }

    /// <summary>Room for an array on the host, and on the device for its copy.</summary>
    /// <param name="values">Receives the array.</param>
    /// <param name="source">The same as a view.</param>
    /// <param name="target">Where it goes.</param>
    public readonly ref struct Staged<T>(Span<T> values, ArrayView<byte> source, ArrayView<T> target)
        where T : unmanaged
    {
        /// <summary>Receives the array.</summary>
        public readonly Span<T> Values = values;

        internal readonly ArrayView<byte> Source = source;

        internal readonly ArrayView<T> Target = target;
    }

    private sealed record Chunk(PageLockedArray1D<byte> Host, MemoryBuffer Device, long Size);

    private sealed class Half
    {
        public List<Chunk> Chunks { get; } = [];

        public long Used { get; set; }

        public long LastUse { get; set; }
    }
}
