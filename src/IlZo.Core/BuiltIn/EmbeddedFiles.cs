namespace IlZo.BuiltIn;

/// <summary>The files that travel inside the library: the definitions of tasks, and tables.</summary>
internal static class EmbeddedFiles
{
    /// <summary>Opens an embedded file.</summary>
    /// <param name="path">Its name with forward slashes, e.g. <c>tasks/sst2.json</c>.</param>
    /// <exception cref="ArgumentException">No such file is embedded: the caller's name is wrong, not the user's input.</exception>
    public static Stream Open(string path)
    {
        return typeof(EmbeddedFiles).Assembly.GetManifestResourceStream(path)
            ?? throw new ArgumentException($"There is no embedded file \"{path}\".", nameof(path));
    }

    /// <summary>The bytes of an embedded file.</summary>
    /// <param name="path">As for <see cref="Open"/>.</param>
    /// <exception cref="ArgumentException">No such file is embedded.</exception>
    public static byte[] ReadAllBytes(string path)
    {
        using var stream = Open(path);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
