using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// Memory for the activations of one pass, reused by the next. What is given back in the reverse order of renting, as layers do, is free
/// for any size; the rest for the same size only.
/// </summary>
internal sealed class DeviceArena(DeviceMemory memory) : IDisposable
{
    private const int Alignment = 64;
    private const long SmallestChunk = 1 << 18;

    private readonly List<(MemoryBuffer Buffer, long Count)> _chunks = [];
    private readonly List<Block> _free = [];
    private long _used;

    /// <summary>Forgets everything; what needed several chunks last time gets one that holds it all.</summary>
    public void Reset()
    {
        _free.Clear();
        _used = 0;
        if (_chunks.Count > 1)
        {
            long total = _chunks.Sum(c => c.Count);
            Dispose();
            Add(total);
        }
    }

    /// <summary>Makes room for that many numbers and a few more, in one chunk; nothing may be rented.</summary>
    public void Reserve(long count)
    {
        count += SmallestChunk;
        if (_chunks.Count != 1 || _chunks[0].Count < count)
        {
            Dispose();
            Add(count);
        }
    }

    public Block Rent(long count)
    {
        long room = (count + Alignment - 1) / Alignment * Alignment;
        for (int i = _free.Count - 1; i >= 0; i--)
        {
            if (_free[i].Room == room)
            {
                var block = _free[i];
                _free.RemoveAt(i);
                return block with { View = block.View.SubView(0, count) };
            }
        }

        if (_chunks.Count == 0 || _used + room > _chunks[^1].Count)
        {
            Add(Math.Max(room, SmallestChunk));
        }

        var rented = new Block(_chunks.Count - 1, _used, room, new ArrayView<float>(_chunks[^1].Buffer, _used, count));
        _used += room;
        return rented;
    }

    /// <summary>A rented part as numbers of 64 bits, half as many.</summary>
    public ArrayView<double> Doubles(Block block) => new(_chunks[block.Chunk].Buffer, block.Start / 2, block.View.Length / 2);

    public void Return(Block block)
    {
        if (block.Chunk == _chunks.Count - 1 && block.Start + block.Room == _used)
        {
            _used = block.Start;
        }
        else
        {
            _free.Add(block with { View = new ArrayView<float>(_chunks[block.Chunk].Buffer, block.Start, block.Room) });
        }
    }

    public void Dispose()
    {
        _chunks.ForEach(c => memory.Give(c.Buffer, c.Count * sizeof(float)));
        _chunks.Clear();
        _used = 0;
    }

    private void Add(long count)
    {
        _chunks.Add((memory.Take(count * sizeof(float), "activations of a batch"), count));
        _used = 0;
    }

    /// <summary>A rented part of a chunk.</summary>
    public readonly record struct Block(int Chunk, long Start, long Room, ArrayView<float> View);
}
