using System.Runtime.InteropServices;

namespace IlZo.Tensors;

/// <summary>Zeroed memory outside the garbage-collected heap, aligned to 64 bytes (a cache line and a 512-bit vector).</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;
    private void* _block;

    /// <remarks>The pages of a large buffer take no memory before they are written.</remarks>
    public NativeBuffer(long byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        ByteCount = byteCount;
        _block = NativeMemory.AllocZeroed((nuint)byteCount + Alignment);
        Data = (void*)(((nint)_block + Alignment - 1) & ~(nint)(Alignment - 1));
        HugePages.Advise(Data, byteCount);
    }

    ~NativeBuffer() => Free();

    public long ByteCount { get; }

    /// <summary>The first byte; invalid after disposal.</summary>
    public void* Data { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(_block);
        _block = null;
    }
}
