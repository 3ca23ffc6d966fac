namespace IlZo.BuiltIn;

/// <summary>
/// The built-in model and the built-in sample, where the program has them: the package IlZo.BuiltIn registers them when the program starts.
/// </summary>
internal static class BuiltInFiles
{
    /// <summary>The package that has them.</summary>
    public const string Package = "IlZo.BuiltIn";

    private static Func<string, Stream?>? s_open;

    /// <summary>Whether the program has them.</summary>
    public static bool AreRegistered => s_open is not null;

    /// <summary>Makes the files known to the library. A later registration replaces an earlier one.</summary>
    /// <param name="open">Opens a file by its name with forward slashes, e.g. <c>sst2/train.jsonl</c>; null for a name that it does not
    /// have. The streams know their length.</param>
    public static void Register(Func<string, Stream?> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        s_open = open;
    }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its name, e.g. <c>sst2/train.jsonl</c>.</param>
    /// <exception cref="InvalidOperationException">Nothing is registered (<see cref="AreRegistered"/>), or the package lacks the
    /// file.</exception>
    internal static Stream Open(string path) =>
        s_open?.Invoke(path) ?? throw new InvalidOperationException($"There is no built-in file \"{path}\".");

    /// <summary>The bytes of a file.</summary>
    /// <inheritdoc cref="Open"/>
    internal static byte[] ReadAllBytes(string path)
    {
        using var stream = Open(path);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
