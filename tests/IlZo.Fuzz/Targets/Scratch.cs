namespace IlZo.Fuzz.Targets;

/// <summary>A folder for parsers that want files; in memory where the system has such a place. It goes with the process.</summary>
internal static class Scratch
{
    private const string InMemory = "/dev/shm";

    private static readonly Lazy<string> s_folder = new(Make);

    /// <summary>The path of a file or folder of that name.</summary>
    public static string Path(params string[] names) => System.IO.Path.Combine([s_folder.Value, .. names]);

    /// <summary>A file of that name with this content.</summary>
    public static string File(string name, byte[] content)
    {
        string path = Path(name);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    private static string Make()
    {
        string folder = System.IO.Path.Combine(
            Directory.Exists(InMemory) ? InMemory : System.IO.Path.GetTempPath(), $"ilzo-fuzz-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }
}
