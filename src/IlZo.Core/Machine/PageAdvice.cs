using System.Runtime.InteropServices;

namespace IlZo.Machine;

/// <summary>
/// Brings pages of mapped files into memory before they are touched, and gives them back. Only Linux does both; elsewhere nothing happens.
/// See madvise(2).
/// </summary>
internal static partial class PageAdvice
{
    private const int WillNeed = 3;
    private const int DontNeed = 4;
    private const int PopulateRead = 22;

    // What one call brings in: longer ones cannot be ended.
    private const long ChunkBytes = 16 << 20;

    private static readonly nint s_pageSize = Environment.SystemPageSize;

    /// <summary>Whether pages can be given back.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>Reads all pages that some bytes lie in, in order; a fault a page would take several times as long.</summary>
    public static void Populate(nint start, long bytes)
    {
        if (!IsSupported)
        {
            return;
        }

        nint first = start / s_pageSize * s_pageSize;
        for (long done = 0; done < bytes + (start - first); done += ChunkBytes)
        {
            nuint length = (nuint)Math.Min(ChunkBytes, bytes + (start - first) - done);

            // Linux before 5.14 has the weaker advice only.
            if (Advise(first + (nint)done, length, PopulateRead) != 0)
            {
                _ = Advise(first + (nint)done, length, WillNeed);
            }
        }
    }

    /// <summary>
    /// Gives back the pages that lie wholly within some bytes of a private mapping. What was written there is lost: the next reader finds
    /// what the file has.
    /// </summary>
    public static void Drop(nint start, long bytes)
    {
        nint first = (start + s_pageSize - 1) / s_pageSize * s_pageSize;
        nint end = (nint)(start + bytes) / s_pageSize * s_pageSize;
        if (IsSupported && end > first)
        {
            _ = Advise(first, (nuint)(end - first), DontNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
