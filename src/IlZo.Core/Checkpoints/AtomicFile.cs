using System.Text;
using IlZo.Files;

namespace IlZo.Checkpoints;

/// <summary>
/// Writes files so that a reader sees the old content or the new one and never a part: into a temporary file in the same
/// folder, flushed to the disk, then renamed over the target, and the folder with its new name is flushed too. A failure deletes the
/// temporary file and leaves the target as it was; what a killed process left, the next one that writes the same target deletes.
/// </summary>
internal static class AtomicFile
{
    /// <summary>Replaces a file with text in UTF-8 without a byte-order mark.</summary>
    /// <exception cref="IOException">Writing or renaming failed.</exception>
    public static void WriteAllText(string path, string text) => WriteAllBytes(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Replaces a file with bytes.</summary>
    /// <exception cref="IOException">Writing or renaming failed.</exception>
    public static void WriteAllBytes(string path, ReadOnlyMemory<byte> bytes) => Write(path, stream => stream.Write(bytes.Span));

    /// <summary>A new name beside the target for a temporary file.</summary>
    public static string TemporaryOf(string target) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(target))!, $"{Prefix(target)}{Guid.NewGuid():N}");

    /// <summary>Whether a name is that of a temporary file for the target, which a killed process leaves.</summary>
    public static bool IsTemporaryOf(string target, string name) =>
        name.StartsWith(Prefix(target), StringComparison.Ordinal) && Guid.TryParseExact(name[Prefix(target).Length..], "N", out _);

    /// <summary>Replaces a file with what <paramref name="write"/> puts into an unbuffered stream.</summary>
    /// <exception cref="IOException">Writing or renaming failed; what <paramref name="write"/> throws also comes through.</exception>
    public static void Write(string path, Action<FileStream> write)
    {
        string target = Path.GetFullPath(path);
        string temporary = TemporaryOf(target);
        DeleteLeft(target);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
            Folders.Flush(Path.GetDirectoryName(target)!);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    private static string Prefix(string target) => $".{Path.GetFileName(target)}.tmp-";

    // A killed process leaves its file; a living one holds it.
    private static void DeleteLeft(string target)
    {
        foreach (string left in Directory.EnumerateFiles(Path.GetDirectoryName(target)!).Where(
            path => IsTemporaryOf(target, Path.GetFileName(path))))
        {
            try
            {
                new FileStream(left, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0).Dispose();
                File.Delete(left);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use, or gone; it is no reason not to write.
            }
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to report.
        }
    }
}
