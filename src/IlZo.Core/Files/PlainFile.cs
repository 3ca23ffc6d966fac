namespace IlZo.Files;

/// <summary>
/// Opens the files that a user names. What is no plain file, such as a named pipe, a device or a socket, is refused before it is opened:
/// reading it would wait for a writer or never end.
/// </summary>
internal static class PlainFile
{
    /// <summary>Refuses what exists and is neither a plain file nor a folder, which opening refuses.</summary>
    /// <exception cref="InvalidInputException">The path leads to something else.</exception>
    public static void Require(string path)
    {
        if (Posix.TryStatus(path, out var status) && !status.IsPlainFile && !status.IsFolder)
        {
            throw new InvalidInputException($"'{path}' is a pipe, a device or a socket; a plain file was expected.");
        }
    }

    /// <summary>The content of a file.</summary>
    /// <exception cref="InvalidInputException">The path leads to something other than a plain file or a folder.</exception>
    public static byte[] ReadAllBytes(string path)
    {
        Require(path);
        return File.ReadAllBytes(path);
    }

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="InvalidInputException">The path leads to something other than a plain file or a folder.</exception>
    public static FileStream OpenRead(string path, FileShare share = FileShare.Read, int bufferSize = 4096)
    {
        Require(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, share, bufferSize);
    }
}
