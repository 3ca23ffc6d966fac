namespace IlZo.Cli;

/// <summary>A file that an option names for results.</summary>
internal static class OutputFile
{
    /// <summary>Refuses a path at which no file can be written, before the work that it is to hold.</summary>
    /// <param name="option">The option.</param>
    /// <param name="path">Its value.</param>
    /// <exception cref="InvalidInputException">The path is a folder's, or its folder is missing.</exception>
    public static void Check(string option, string path)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full) || !Directory.Exists(Path.GetDirectoryName(full)))
        {
            throw new InvalidInputException($"{option} is '{path}'; a file in an existing folder was expected.");
        }
    }
}
