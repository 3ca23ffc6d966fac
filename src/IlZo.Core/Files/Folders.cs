using System.Runtime.InteropServices;

namespace IlZo.Files;

/// <summary>What keeps the names in a folder when the machine stops.</summary>
internal static class Folders
{
    /// <summary>
    /// Waits until the names in a folder, such as that of a file just renamed, are on the disk (Unix; Windows has its own order of
    /// writing). Folders that may not be opened and file systems that cannot do so are left alone.
    /// </summary>
    /// <exception cref="IOException">The disk reports that it failed.</exception>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int file;
        try
        {
            file = Posix.Open(folder, Posix.ReadOnly);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return;
        }

        if (file < 0)
        {
            return;
        }

        int error = Posix.Flush(file) == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = Posix.Close(file);
        if (error is not (0 or Posix.InvalidArgument))
        {
            throw new IOException($"'{folder}' could not be written to the disk: {Marshal.GetPInvokeErrorMessage(error)}.");
        }
    }
}
