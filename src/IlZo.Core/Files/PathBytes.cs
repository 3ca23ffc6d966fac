using System.Text.Unicode;

namespace IlZo.Files;

/// <summary>
/// Names of files are bytes on Unix, and texts here. Bytes that are not UTF-8 become the replacement character as they are decoded, and a
/// path with that would be another one: files would be read from it and, worse, written to it.
/// </summary>
internal static class PathBytes
{
    private const char Replacement = '\uFFFD';
    private const string ArgumentsFile = "/proc/self/cmdline";

    /// <summary>Refuses arguments and a working folder that are not UTF-8.</summary>
    /// <exception cref="InvalidInputException">One is not.</exception>
    public static void Require(string[] args)
    {
        string? changed = Array.Find(args, argument => argument.Contains(Replacement));
        if (changed is not null && !WereReplacements())
        {
            throw new InvalidInputException(
                $"The argument '{changed}' has bytes that are not UTF-8; text in UTF-8 was expected, paths included.");
        }

        string folder = Environment.CurrentDirectory;
        if (folder.Contains(Replacement) && !Utf8.IsValid(Posix.CurrentFolder()))
        {
            throw new InvalidInputException(
                $"The working folder '{folder}' has a name with bytes that are not UTF-8; a path in UTF-8 was expected.");
        }
    }

    // Whether the arguments had the character itself, which only Linux tells.
    private static bool WereReplacements() => File.Exists(ArgumentsFile) && Utf8.IsValid(File.ReadAllBytes(ArgumentsFile));
}
