namespace IlZo.Checkpoints;

/// <summary>An open safetensors file; its metadata are the strings under <c>__metadata__</c>.</summary>
internal sealed unsafe class SafetensorsFile : WeightFile
{
    private const string Expected = "a safetensors file";

    private SafetensorsFile(string path, FileBytes bytes)
        : base(path, bytes)
    {
        (Tensors, Metadata) = SafetensorsHeader.Parse(path, bytes.Data, bytes.Length);
    }

    /// <summary>Maps a file and checks its header. The weights are not read.</summary>
    /// <exception cref="InvalidInputException">The file does not exist, may not be read or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path) => Read(path, FileBytes.Map(path, Expected));

    /// <summary>Maps a file that messages call by another name than its path.</summary>
    /// <param name="path">The file.</param>
    /// <param name="displayName">What messages call it.</param>
    /// <exception cref="InvalidInputException">The content breaks a rule of the format.</exception>
    public static SafetensorsFile OpenAs(string path, string displayName) => Read(displayName, FileBytes.Map(path, Expected));

    /// <summary>Copies the bytes of a file out of memory, for models that are embedded in an assembly.</summary>
    /// <param name="displayName">What messages call the file.</param>
    /// <param name="content">The whole file.</param>
    /// <exception cref="InvalidInputException">The content breaks a rule of the format.</exception>
    public static SafetensorsFile FromMemory(string displayName, ReadOnlySpan<byte> content) => Read(displayName, FileBytes.Copy(content));

    private static SafetensorsFile Read(string path, FileBytes bytes)
    {
        try
        {
            return new SafetensorsFile(path, bytes);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }
}
