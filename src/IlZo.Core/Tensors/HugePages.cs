using System.Runtime.InteropServices;

namespace IlZo.Tensors;

/// <summary>
/// Asks Linux to back large buffers with 2 MB pages: activations are walked in steps of hundreds of kilobytes, which
/// would need a new entry of the address translation cache for every few rows otherwise. Advice only; elsewhere nothing happens.
/// </summary>
internal static unsafe partial class HugePages
{
    private const long SmallestBuffer = 8L << 20;
    private const nint PageSize = 4096;
    private const int AdviseHugePage = 14;

    public static void Advise(void* data, long byteCount)
    {
        if (!OperatingSystem.IsLinux() || byteCount < SmallestBuffer)
        {
            return;
        }

        nint first = ((nint)data + PageSize - 1) & ~(PageSize - 1);
        try
        {
            _ = MAdvise(first, (nuint)(byteCount - (first - (nint)data)), AdviseHugePage);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library by another name: small pages do as well, only slower.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(nint address, nuint length, int advice);
}
