namespace IlZo.Files;

/// <summary>
/// A file that is read as its content is needed has changed since it was opened, so that results are of neither the old nor the new
/// content. The message is one sentence that names the file and what is different.
/// </summary>
public sealed class FileChangedException : IOException
{
    /// <summary>A file that has changed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="difference">What is different, as the predicate of a sentence: "is 3 bytes shorter".</param>
    public FileChangedException(string path, string difference)
        : base(
            $"'{path}' {difference} since it was opened; a file that does not change was expected, "
                + "because the results depend on all of it.")
    {
    }
}
