using System.Runtime.InteropServices;

namespace IlZo.Machine;

/// <summary>
/// What Linux is told about pages of memory; see madvise(2). Elsewhere, and with a C library by another name, nothing happens.
/// </summary>
internal static partial class PageAdvice
{
    private const int WillNeed = 3;
    private const int DontNeed = 4;
    private const int HugePage = 14;
    private const int PopulateRead = 22;

    // What one call brings in: longer ones cannot be ended.
    private const long ChunkBytes = 16 << 20;

    private const long SmallestHugeBytes = 8 << 20;

    private static readonly nint s_pageSize = Environment.SystemPageSize;

    /// <summary>Whether pages can be given back.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>
    /// Asks for pages of 2 MB for a large buffer: activations are walked in steps of hundreds of kilobytes, which would need a new entry of
    /// the address translation cache for every few rows otherwise.
    /// </summary>
    public static void UseHugePages(nint start, long bytes)
    {
        if (bytes >= SmallestHugeBytes)
        {
            nint first = Up(start);
            TryAdvise(first, bytes - (first - start), HugePage);
        }
    }

    /// <summary>Reads all pages of a mapped file that some bytes lie in; a fault a page would take several times as long.</summary>
    public static void Populate(nint start, long bytes)
    {
        nint first = Down(start);
        long length = bytes + (start - first);
        for (long done = 0; done < length; done += ChunkBytes)
        {
            // Linux before 5.14 has the weaker advice only.
            nint chunk = first + (nint)done;
            long chunkBytes = Math.Min(ChunkBytes, length - done);
            if (!TryAdvise(chunk, chunkBytes, PopulateRead))
            {
                TryAdvise(chunk, chunkBytes, WillNeed);
            }
        }
    }

    /// <summary>
    /// Gives back the pages that lie wholly within some bytes of a private mapping. What was written there is lost: the next reader finds
    /// what the file has.
    /// </summary>
    public static void Drop(nint start, long bytes)
    {
        nint first = Up(start);
        TryAdvise(first, Down(start + (nint)bytes) - first, DontNeed);
    }

    private static nint Down(nint address) => address / s_pageSize * s_pageSize;

    private static nint Up(nint address) => Down(address + s_pageSize - 1);

    private static bool TryAdvise(nint address, long bytes, int advice)
    {
        if (!IsSupported || bytes <= 0)
        {
            return false;
        }

        try
        {
            return Advise(address, (nuint)bytes, advice) == 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
