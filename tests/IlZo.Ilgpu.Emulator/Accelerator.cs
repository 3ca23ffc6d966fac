using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using IlZo.Ptx;

namespace ILGPU.Runtime;

/// <summary>Kinds of devices.</summary>
public enum AcceleratorType
{
    CPU,
    Cuda,
}

/// <summary>A device.</summary>
public abstract class Device(string name, AcceleratorType type, int warpSize, int maxNumThreadsPerGroup, int numMultiprocessors)
{
    public string Name => name;

    public AcceleratorType AcceleratorType => type;

    public int WarpSize => warpSize;

    public int MaxNumThreadsPerGroup => maxNumThreadsPerGroup;

    public int NumMultiprocessors => numMultiprocessors;

    public int MaxSharedMemoryPerGroup => 48 << 10;

    public long MemorySize => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public Accelerator CreateAccelerator(Context context) => new(this);
}

/// <summary>A device in use.</summary>
public class Accelerator : IDisposable
{
    private readonly List<MemoryBuffer> _buffers = [];

    internal Accelerator(Device device)
    {
        Device = device;
        GroupMemory = new PtxMemory(new OwnMemory(_buffers), device.MaxSharedMemoryPerGroup);
    }

    public Device Device { get; }

    /// <summary>What the threads of a group reach; one group runs at a time.</summary>
    internal PtxMemory GroupMemory { get; }

    public string Name => Device.Name;

    public AcceleratorType AcceleratorType => Device.AcceleratorType;

    public long MemorySize => Device.MemorySize;

    public AcceleratorStream DefaultStream { get; } = new();

    /// <summary>Memory that holds nothing useful at first.</summary>
    public MemoryBuffer AllocateRaw(long length, int elementSize) => new(length * elementSize, _buffers);

    public void Synchronize()
    {
    }

    public void Dispose() => GC.SuppressFinalize(this);

    private sealed unsafe class OwnMemory(List<MemoryBuffer> buffers) : PtxGlobalMemory
    {
        public override byte* At(ulong address, int count)
        {
            foreach (var buffer in buffers)
            {
                ulong start = (ulong)buffer.NativePtr;
                if (address >= start && address + (ulong)count <= start + (ulong)buffer.LengthInBytes)
                {
                    return (byte*)address;
                }
            }

            throw new PtxException($"{count} bytes at {address:X} are not in a buffer of the device.");
        }
    }
}

/// <summary>An order of work; the emulator does everything at once.</summary>
public sealed class AcceleratorStream
{
    /// <summary>What happens between the moment when a copy is given its addresses and the copy, where anything may.</summary>
    public Action? BeforeCopy { get; set; }

    /// <summary>How often the host waited for the device.</summary>
    public int Synchronizations { get; private set; }

    public void Synchronize() => Synchronizations++;
}

/// <summary>Memory of a device.</summary>
public sealed unsafe class MemoryBuffer : IDisposable
{
    private readonly List<MemoryBuffer> _owner;

    internal MemoryBuffer(long byteCount, List<MemoryBuffer> owner)
    {
        _owner = owner;
        _owner.Add(this);
        LengthInBytes = byteCount;
        NativePtr = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(byteCount, 1), 256);
        NativeMemory.Fill((void*)NativePtr, (nuint)byteCount, 0xFF);
    }

    public long LengthInBytes { get; }

    public nint NativePtr { get; private set; }

    public void Dispose()
    {
        _owner.Remove(this);
        NativeMemory.AlignedFree((void*)NativePtr);
        NativePtr = 0;
    }
}

/// <summary>Memory of the host that a device can copy from by itself.</summary>
public sealed class PageLockedArray1D<T>(long extent) : IDisposable
    where T : unmanaged
{
    private readonly T[] _data = GC.AllocateUninitializedArray<T>((int)extent, pinned: true);

    public long Length => _data.Length;

    public Span<T> Span => _data;

    public void Dispose()
    {
    }
}

/// <summary>Copies between the host and a device. They take addresses: what the garbage collector may move, it may move before the copy.</summary>
public static unsafe class ArrayViewExtensions
{
    public static PageLockedArray1D<T> AllocatePageLocked1D<T>(this Accelerator accelerator, long extent)
        where T : unmanaged => new(extent);

    public static void CopyFromCPUUnsafeAsync<T>(this ArrayView<T> target, AcceleratorStream stream, ref T cpuData, long length)
        where T : unmanaged
    {
        void* source = Unsafe.AsPointer(ref cpuData);
        stream.BeforeCopy?.Invoke();
        NativeMemory.Copy(source, target.SubView(0, length).Data, (nuint)(length * sizeof(T)));
    }

    public static void CopyToCPUUnsafeAsync<T>(this ArrayView<T> source, AcceleratorStream stream, ref T cpuData, long length)
        where T : unmanaged
    {
        void* target = Unsafe.AsPointer(ref cpuData);
        stream.BeforeCopy?.Invoke();
        NativeMemory.Copy(source.SubView(0, length).Data, target, (nuint)(length * sizeof(T)));
    }

    public static void CopyTo<T>(this ArrayView<T> source, AcceleratorStream stream, in ArrayView<T> target)
        where T : unmanaged => NativeMemory.Copy(source.Data, target.SubView(0, source.Length).Data, (nuint)(source.Length * sizeof(T)));

    /// <summary>The address of a view's first element, for kernels that take addresses.</summary>
    public static nint LoadEffectiveAddressAsPtr<T>(this ArrayView<T> view)
        where T : unmanaged => (nint)view.Data;

    public static void MemSetToZero<T>(this ArrayView<T> view, AcceleratorStream stream)
        where T : unmanaged => NativeMemory.Clear(view.Data, (nuint)(view.Length * sizeof(T)));
}
