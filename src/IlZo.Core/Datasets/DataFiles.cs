namespace IlZo.Datasets;

/// <summary>The files of a user's data.</summary>
/// <param name="Train">Rows to train on.</param>
/// <param name="Dev">Rows that decide which checkpoint is kept, or null where they are to be taken from the training rows.</param>
/// <param name="Test">Rows to measure on, or null where they are to be taken from the training rows.</param>
internal sealed record DataFiles(string? Train, string? Dev, string? Test)
{
    /// <summary>The ending of a file of plain text.</summary>
    public const string TextExtension = ".txt";

    private static readonly string[] s_extensions = [.. RowSource.Extensions, TextExtension];

    /// <summary>A file, or the files of a folder: <c>train</c>, perhaps <c>validation</c>, <c>valid</c> or <c>dev</c>, and perhaps <c>test</c>.</summary>
    /// <exception cref="InvalidInputException">There is nothing, or something of another kind, or two files for one purpose.</exception>
    public static DataFiles Find(string path)
    {
        if (File.Exists(path))
        {
            return s_extensions.Any(e => path.EndsWith(e, StringComparison.OrdinalIgnoreCase))
                ? new DataFiles(path, null, null)
                : throw new InvalidInputException($"{path}: the ending of the file is not known; one of {string.Join(", ", s_extensions)} was expected.");
        }

        if (!Directory.Exists(path))
        {
            throw new InvalidInputException($"{path}: no such file or folder; a file ({string.Join(", ", s_extensions)}) or a folder with train and perhaps validation and test files was expected.");
        }

        return new DataFiles(One("train"), One("validation", "valid", "dev"), One("test"));

        string? One(params ReadOnlySpan<string> names)
        {
            var found = new List<string>();
            foreach (string name in names)
            {
                found.AddRange(s_extensions.Select(e => Path.Combine(path, name + e)).Where(File.Exists));
            }

            return found.Count < 2
                ? found.FirstOrDefault()
                : throw new InvalidInputException($"{path}: has both {Path.GetFileName(found[0])} and {Path.GetFileName(found[1])}; one of them was expected.");
        }
    }
}
