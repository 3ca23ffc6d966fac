using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace IlZo.Backends.Cpu;

/// <summary>Asks for memory before it is read, where the processor's own prefetching does not see it coming.</summary>
internal static unsafe class CacheLines
{
    private const int Size = 64;

    /// <summary>Begins to read the lines of some bytes; nothing happens where there are none, or no such instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* first, long bytes)
    {
        for (long line = 0; line < bytes && Sse.IsSupported; line += Size)
        {
            Sse.Prefetch0(first + line);
        }
    }
}
