using IlZo.Checkpoints;

namespace IlZo.Cli;

/// <summary>
/// A folder for the results of long work, made and tried before it. A file in it is held open until the end, by which others know that it
/// is in use. A new folder that stays empty is removed again, and what killed processes left there is.
/// </summary>
internal sealed class OutputFolder : IDisposable
{
    private const string Trial = "trial";

    private readonly string _path;
    private readonly bool _made;
    private readonly FileStream _trial;

    /// <param name="path">The folder.</param>
    /// <param name="files">The names of the results.</param>
    /// <exception cref="InvalidInputException">The path is a file's, the name of a result is a folder's, or the folder is in
    /// use.</exception>
    /// <exception cref="IOException">The folder cannot be made, or no file in it.</exception>
    /// <exception cref="UnauthorizedAccessException">This is not allowed.</exception>
    public OutputFolder(string path, IReadOnlyList<string> files)
    {
        if (File.Exists(path))
        {
            throw new InvalidInputException($"--out is '{path}', which is a file; a folder was expected.");
        }

        if (files.FirstOrDefault(f => Directory.Exists(Path.Combine(path, f))) is { } folder)
        {
            throw new InvalidInputException(
                $"--out is '{path}', in which {folder} is a folder; a file of that name, or none, was expected.");
        }

        _path = path;
        _made = !Directory.Exists(path);
        Directory.CreateDirectory(path);
        _trial = new FileStream(
            Path.Combine(path, $".{Trial}.tmp-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0,
            FileOptions.DeleteOnClose);

        // Looked for with the own file in place: of two that begin at a time, at most one goes on.
        string[] left = [.. Entries(path).Where(e => IsTemporary(e, files) && e != _trial.Name)];
        if (!Array.TrueForAll(left, e => TryOpenAlone(e, FileOptions.DeleteOnClose)))
        {
            Dispose();
            throw new InvalidInputException(
                $"--out is '{path}', which another process is at work in; a folder that is not in use was expected.");
        }
    }

    /// <summary>Whether a path has more than what a killed process left: other files, or work that goes on.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="files">The names of the results.</param>
    public static bool IsTaken(string path, IReadOnlyList<string> files) =>
        File.Exists(path) || Entries(path).Any(e => !IsTemporary(e, files) || !TryOpenAlone(e, FileOptions.None));

    public void Dispose()
    {
        _trial.Dispose();
        if (_made && Directory.Exists(_path) && Entries(_path).Length == 0)
        {
            Directory.Delete(_path);
        }
    }

    private static string[] Entries(string path) => Directory.Exists(path) ? Directory.GetFileSystemEntries(path) : [];

    private static bool IsTemporary(string path, IReadOnlyList<string> files) =>
        files.Append(Trial).Any(file => AtomicFile.IsTemporaryOf(file, Path.GetFileName(path)));

    // What another process holds open cannot be opened alone.
    private static bool TryOpenAlone(string file, FileOptions options)
    {
        try
        {
            new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, options).Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
