using System.Globalization;
using System.Text.RegularExpressions;
using IlZo.Files;

namespace IlZo.Datasets;

/// <summary>The files of a user's data.</summary>
/// <param name="Path">The file or the folder.</param>
/// <param name="Train">Rows to train on.</param>
/// <param name="Dev">Rows that decide which checkpoint is kept; none where they are to be taken from the training rows.</param>
/// <param name="Test">Rows to measure on; none where they are to be taken from the training rows.</param>
/// <param name="Others">Names of files beside them that could be data and are not read.</param>
internal sealed partial record DataFiles(
    string Path, IReadOnlyList<string> Train, IReadOnlyList<string> Dev, IReadOnlyList<string> Test, IReadOnlyList<string> Others)
{
    // Where folders of the Hugging Face Hub have their files.
    private const string HubFolder = "data";

    private static readonly string[] s_extensions = [.. RowSource.Extensions, TextFile.TextExtension];

    private static string Endings =>
        $"{string.Join(", ", s_extensions)}, and {TextFile.CompressedExtension} after any but {RowSource.ParquetExtension}";

    /// <summary>
    /// A file, or the files of a folder, in it or in its folder <c>data</c>: <c>train</c>, perhaps <c>validation</c>, <c>valid</c>,
    /// <c>val</c> or <c>dev</c>, and perhaps <c>test</c>, each one file or parts such as <c>train-00000-of-00002</c>.
    /// </summary>
    /// <exception cref="InvalidInputException">There is nothing, or something of another kind, or two files for one purpose.</exception>
    public static DataFiles Find(string path)
    {
        if (File.Exists(path))
        {
            return IsData(path)
                ? new DataFiles(path, [path], [], [], [])
                : throw new InvalidInputException($"{path}: the ending of the file is not known; one of {Endings} was expected.");
        }

        if (!Directory.Exists(path))
        {
            throw new InvalidInputException($"{path}: no such file or folder; a file ({Endings}) or a folder with train and perhaps "
                + "validation and test files was expected.");
        }

        string hub = System.IO.Path.Combine(path, HubFolder);
        string[] files = [.. FilesOf(path), .. Directory.Exists(hub) ? FilesOf(hub) : []];
        var train = Purpose(path, files, "train");
        var dev = Purpose(path, files, "validation", "valid", "val", "dev");
        var test = Purpose(path, files, "test");
        string[] others = [.. files.Except([.. train, .. dev, .. test]).Select(f => System.IO.Path.GetRelativePath(path, f))];
        return new DataFiles(path, train, dev, test, others);
    }

    /// <summary>A refusal of a folder that lacks something, with what it has.</summary>
    /// <param name="lacks">What it lacks, behind "has", and what was expected.</param>
    public InvalidInputException NothingFound(string lacks)
    {
        string[] folders = Directory.Exists(Path)
            ? [.. Directory.GetDirectories(Path).Where(f => FilesOf(f).Any()).Select(f => System.IO.Path.GetFileName(f)!).Order(
                StringComparer.Ordinal)]
            : [];
        string has = Others is not []
            ? $"; it has {string.Join(", ", Others.Take(8))}"
            : folders is not [] ? $"; its folders {string.Join(", ", folders.Take(8))} have data files" : string.Empty;
        return new InvalidInputException($"{Path}: has {lacks}{has}.");
    }

    private static bool IsData(string path) =>
        s_extensions.Contains(TextFile.ContentExtension(path))
        && !path.EndsWith(RowSource.ParquetExtension + TextFile.CompressedExtension, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> FilesOf(string folder) => Directory.GetFiles(folder).Where(IsData).Order(StringComparer.Ordinal);

    private static string[] Purpose(string path, string[] files, params string[] names)
    {
        string[] found = [.. files.Where(
            f => names.Contains(Part().Match(NameOf(f)) is { Success: true } part ? part.Groups["name"].Value : NameOf(f)))];
        var parts = found.Select(f => Part().Match(NameOf(f))).ToList();
        if (found.Length < 2 && !parts.Any(p => p.Success))
        {
            return found;
        }

        if (parts.FindIndex(p => !p.Success) is var alone and >= 0 || found.Select(KindOf).Distinct().Count() > 1)
        {
            throw new InvalidInputException($"{path}: has both {Shown(found[0])} and {Shown(found[1])}; one of them was expected.");
        }

        // The number of parts is the same in all their names.
        var numbers = parts.ConvertAll(p => (Number: Number(p, "number"), Count: Number(p, "count")));
        for (int i = 0; i < numbers.Count; i++)
        {
            if (numbers[i].Number != i || numbers[i].Count != numbers[0].Count
                || (i == numbers.Count - 1 && numbers[i].Count != numbers.Count))
            {
                throw new InvalidInputException($"{path}: has {found.Length} of the {numbers[0].Count} parts of "
                    + $"{parts[0].Groups["name"].Value}, of which {Shown(found[i])} is not the next or the last; all parts were expected.");
            }
        }

        return found;

        string Shown(string file) => System.IO.Path.GetRelativePath(path, file);
    }

    private static string NameOf(string file) => System.IO.Path.GetFileNameWithoutExtension(TextFile.ContentPath(file));

    // Parts lie in one folder and are of one kind.
    private static (string? Folder, string Extension) KindOf(string file) =>
        (System.IO.Path.GetDirectoryName(file), TextFile.ContentExtension(file));

    private static int Number(Match part, string group) =>
        int.Parse(part.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<name>[a-z]+)-(?<number>[0-9]{1,6})-of-(?<count>[0-9]{1,6})$", RegexOptions.CultureInvariant)]
    private static partial Regex Part();
}
