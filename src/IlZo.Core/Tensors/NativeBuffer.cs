using System.Runtime.InteropServices;
using IlZo.Machine;

namespace IlZo.Tensors;

/// <summary>
/// Zeroed memory outside the garbage-collected heap, aligned to 64 bytes (a cache line and a 512-bit vector). Who disposes of it sees to it
/// that nobody is using its address any more; it may be disposed of twice.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;
    private nint _block;
    private readonly void* _data;

    /// <remarks>The pages of a large buffer take no memory before they are written.</remarks>
    public NativeBuffer(long byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        ByteCount = byteCount;
        _block = (nint)NativeMemory.AllocZeroed((nuint)byteCount + Alignment);
        _data = (void*)((_block + Alignment - 1) & ~(nint)(Alignment - 1));
        PageAdvice.UseHugePages((nint)_data, byteCount);
    }

    ~NativeBuffer() => Free();

    public long ByteCount { get; }

    /// <summary>The first byte.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    public void* Data => _block != 0 ? _data : throw new ObjectDisposedException(nameof(NativeBuffer));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free() => NativeMemory.Free((void*)Interlocked.Exchange(ref _block, 0));
}
