namespace IlZo.BuiltIn;

/// <summary>The files that travel inside the assembly: the sample data, the built-in task definitions, the built-in model.</summary>
public static class BuiltInResources
{
    /// <summary>Opens an embedded file.</summary>
    /// <param name="path">The path below the folder <c>BuiltIn</c> with forward slashes, e.g. <c>sst2/train.jsonl</c>.</param>
    /// <exception cref="ArgumentException">No such file is embedded: the caller's name is wrong, not the user's input.</exception>
    public static Stream Open(string path)
    {
        return typeof(BuiltInResources).Assembly.GetManifestResourceStream("BuiltIn/" + path)
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
