using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IlZo.Machine;

/// <summary>Room on a disk.</summary>
internal static partial class DiskSpace
{
    // Linux' numbers.
    private const int NoSpace = 28;
    private const int TooLarge = 27;

    /// <summary>
    /// Takes room for all of a file, so that writing to it later cannot fail for want of it. On Linux; see posix_fallocate(3).
    /// </summary>
    /// <param name="file">The file, open for writing.</param>
    /// <param name="bytes">Its length.</param>
    /// <exception cref="IOException">There is not enough.</exception>
    public static void Reserve(SafeFileHandle file, long bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            if (Allocate(file, 0, (nint)bytes) is NoSpace or TooLarge)
            {
                throw new IOException($"The disk has no room for a file of {bytes} bytes.");
            }
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library by another name: room is taken as it is needed.
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    private static partial int Allocate(SafeFileHandle file, nint offset, nint length);
}
