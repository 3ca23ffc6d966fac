using System.Runtime.InteropServices;

namespace IlZo.Tensors;

/// <summary>Zeroed memory outside the garbage-collected heap, aligned to 64 bytes (a cache line and a 512-bit vector).</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;
    private void* _data;

    public NativeBuffer(long byteCount)
    {
        ByteCount = byteCount;
        _data = NativeMemory.AlignedAlloc((nuint)Math.Max(byteCount, 1), Alignment);
        NativeMemory.Clear(_data, (nuint)byteCount);
    }

    ~NativeBuffer() => Free();

    public long ByteCount { get; }

    public void* Data => _data;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
