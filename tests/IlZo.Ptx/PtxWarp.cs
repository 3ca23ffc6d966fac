using System.Runtime.InteropServices;

namespace IlZo.Ptx;

/// <summary>
/// The state of 32 threads that execute together: registers, copies on their way to shared memory, and products on theirs to registers. A
/// register holds nothing useful (all ones, NaN as floating point) until it is written. A declaration of local memory empties what was
/// declared before it: it must come before the memory's use.
/// </summary>
/// <param name="memory">What addresses reach.</param>
public sealed class PtxWarp(PtxMemory memory)
{
    /// <summary>Threads of a warp.</summary>
    public const int Size = 32;

    /// <summary>All lanes.</summary>
    public const uint AllLanes = uint.MaxValue;

    private ulong[] _registers = [];
    private byte[] _local = [];
    private int _constants;
    private WarpgroupProducts? _products;

    internal PtxMemory Memory => memory;

    internal AsyncCopies Copies { get; } = new();

    internal WarpgroupProducts Products => _products ??= new WarpgroupProducts(this);

    /// <summary>The number of the warp in its group.</summary>
    internal int Number { get; private set; }

    /// <summary>Whether the group has all four warps of the warp's warpgroup.</summary>
    internal bool IsOfWarpgroup { get; private set; }

    /// <summary>A register of one lane: its bits, with zeros above its type.</summary>
    public ref ulong this[int row, int lane] => ref _registers[(row * Size) + lane];

    /// <summary>Makes room for what has been linked to the frame by now.</summary>
    public void Grow(PtxFrame frame)
    {
        int old = _registers.Length;
        if (old < frame.Rows * Size)
        {
            Array.Resize(ref _registers, Math.Max(frame.Rows * Size, old * 2));
            Array.Fill(_registers, ulong.MaxValue, old, _registers.Length - old);
        }

        int local = (int)(frame.LocalEnd - PtxMemory.Base) * Size;
        if (_local.Length < local)
        {
            _local = GC.AllocateUninitializedArray<byte>(local, pinned: true);
            Array.Fill(_local, byte.MaxValue);
        }

        for (; _constants < frame.Constants.Count; _constants++)
        {
            var (row, bits) = frame.Constants[_constants];
            Row(row).Fill(bits);
        }
    }

    /// <summary>Makes registers and the threads' own memory hold nothing useful.</summary>
    public void Spoil(PtxFrame frame)
    {
        Array.Fill(_registers, ulong.MaxValue);
        Array.Fill(_local, byte.MaxValue);
        Copies.Clear();
        _products = null;
        _constants = 0;
        Grow(frame);
    }

    /// <summary>Makes the warp one of a launch: sets the registers that say which threads these are.</summary>
    /// <param name="launch">The launch.</param>
    /// <param name="group">The group in it.</param>
    /// <param name="firstThread">The number of the first lane's thread in the group.</param>
    public void SetPlace(PtxLaunch launch, (int X, int Y, int Z) group, int firstThread)
    {
        Number = firstThread / Size;
        IsOfWarpgroup = ((Number / WarpgroupProducts.Warps) + 1) * WarpgroupProducts.Warps * Size <= launch.Group;
        SpecialRegisters.Set(this, launch, group, firstThread);
    }

    /// <summary>Some bytes of a thread's own memory.</summary>
    internal unsafe byte* Local(ulong address, int count, int lane)
    {
        int size = _local.Length / Size;
        return address >= PtxMemory.Base && address + (ulong)count <= PtxMemory.Base + (ulong)size
            ? (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_local, (lane * size) + (int)(address - PtxMemory.Base))
            : throw new PtxException($"{count} bytes at {address:X} are not in a thread's own memory that is declared.");
    }

    /// <summary>What all registers hold now.</summary>
    internal ulong[] CopyOfRegisters() => (ulong[])_registers.Clone();

    internal Span<ulong> Row(int row) => _registers.AsSpan(row * Size, Size);

    /// <summary>The lanes whose predicate is true.</summary>
    internal uint Predicate(int row)
    {
        var values = Row(row);
        uint lanes = 0;
        for (int lane = 0; lane < Size; lane++)
        {
            lanes |= ((uint)values[lane] & 1) << lane;
        }

        return lanes;
    }
}
