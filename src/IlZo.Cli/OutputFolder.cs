namespace IlZo.Cli;

/// <summary>A folder for the results of long work, made and tried before it. A new one that stays empty is removed again.</summary>
internal sealed class OutputFolder : IDisposable
{
    private readonly string _path;
    private readonly bool _made;

    /// <exception cref="IOException">The folder cannot be made, or no file in it.</exception>
    /// <exception cref="UnauthorizedAccessException">This is not allowed.</exception>
    public OutputFolder(string path)
    {
        _path = path;
        _made = !Directory.Exists(path);
        Directory.CreateDirectory(path);
        string trial = Path.Combine(path, $".trial.tmp-{Guid.NewGuid():N}");
        new FileStream(trial, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose).Dispose();
    }

    public void Dispose()
    {
        if (_made && Directory.Exists(_path) && !Directory.EnumerateFileSystemEntries(_path).Any())
        {
            Directory.Delete(_path);
        }
    }
}
