using System.Runtime.InteropServices;

namespace IlZo.Ptx;

/// <summary>The memory of a device.</summary>
public abstract unsafe class PtxGlobalMemory
{
    /// <summary>Some bytes of it.</summary>
    /// <exception cref="PtxException">They are not all the program's.</exception>
    public abstract byte* At(ulong address, int count);
}

/// <summary>
/// The memory that the threads of a group reach. An address outside of what the program owns is an error, never a wild access. Shared
/// memory holds nothing useful (all ones, NaN as floating point) until it is written. A generic address is one of this process.
/// </summary>
/// <param name="global">The device's memory.</param>
/// <param name="capacity">Bytes of shared memory that a group can have.</param>
/// <param name="counts">Where it is counted what is executed, or null.</param>
public sealed unsafe class PtxMemory(PtxGlobalMemory global, int capacity, PtxCounts? counts = null)
{
    /// <summary>Addresses of shared and local memory begin here, so that 0 is none of them.</summary>
    public const uint Base = 1024;

    private readonly byte[] _shared = GC.AllocateArray<byte>(capacity, pinned: true);
    private byte[] _parameters = [];
    private uint _end = Base;

    internal PtxCounts? Counts => counts;

    /// <summary>The shared memory that the group has.</summary>
    public Span<byte> SharedBytes => _shared.AsSpan(0, (int)(_end - Base));

    /// <summary>Gives a group shared memory.</summary>
    /// <param name="end">The address after its last byte.</param>
    /// <exception cref="PtxException">There is not so much.</exception>
    public void SetSharedEnd(uint end)
    {
        if (end - Base > (uint)capacity)
        {
            throw new PtxException($"{end - Base} bytes of shared memory are asked for; a group can have {capacity}.");
        }

        int old = (int)(_end - Base);
        _end = end;
        SharedBytes[Math.Min(old, SharedBytes.Length)..].Fill(0xFF);
    }

    /// <summary>Makes shared memory hold nothing useful.</summary>
    public void Spoil() => SharedBytes.Fill(0xFF);

    /// <summary>Sets the parameters of a kernel.</summary>
    public void SetParameters(ReadOnlySpan<byte> parameters)
    {
        _parameters = GC.AllocateUninitializedArray<byte>(parameters.Length, pinned: true);
        parameters.CopyTo(_parameters);
    }

    internal byte* Global(ulong address, int count) => global.At(address, count);

    internal byte* Shared(ulong address, int count) => address >= Base && address + (ulong)count <= _end
        ? Pointer(_shared, address - Base)
        : throw new PtxException($"{count} bytes at {address:X} are not in shared memory that is declared.");

    internal byte* Parameter(ulong address, int count) => address + (ulong)count <= (ulong)_parameters.Length
        ? Pointer(_parameters, address)
        : throw new PtxException($"{count} bytes at {address:X} are no parameters.");

    /// <summary>Bytes at a generic address.</summary>
    internal byte* Generic(ulong address, int count) =>
        address - (ulong)Pointer(_shared, 0) < _end - Base ? Shared(ToShared(address), count) : global.At(address, count);

    /// <summary>The generic address of one in shared memory.</summary>
    internal ulong ToGeneric(ulong shared) => (ulong)Pointer(_shared, 0) + shared - Base;

    /// <summary>The address in shared memory of a generic one.</summary>
    internal ulong ToShared(ulong generic) => generic - (ulong)Pointer(_shared, 0) is var offset && offset <= _end - Base
        ? offset + Base
        : throw new PtxException($"{generic:X} is no address of shared memory.");

    private static byte* Pointer(byte[] pinned, ulong index) => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, (int)index);
}
