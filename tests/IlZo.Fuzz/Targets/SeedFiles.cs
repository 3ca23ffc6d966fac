namespace IlZo.Fuzz.Targets;

/// <summary>The corpora that lie in the repository.</summary>
internal static class SeedFiles
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Seeds");

    /// <summary>The files of a folder, in the order of their names.</summary>
    public static IEnumerable<byte[]> In(string folder) =>
        [.. Directory.GetFiles(Path.Combine(s_folder, folder)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    /// <summary>One file.</summary>
    public static byte[] Read(params string[] path) => File.ReadAllBytes(Path.Combine([s_folder, .. path]));
}
