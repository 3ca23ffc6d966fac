using IlZo.Files;

namespace IlZo.Datasets;

/// <summary>The rows of a file, one after the other.</summary>
internal abstract class RowSource : IDisposable
{
    /// <summary>The file endings of rows; .gz may stand behind all but the last.</summary>
    public static readonly string[] Extensions = [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ParquetExtension];

    /// <summary>The ending of a file in Parquet.</summary>
    public const string ParquetExtension = ".parquet";

    /// <summary>How far the file was read. It grows with every row, also with one that is refused.</summary>
    public abstract long Position { get; }

    /// <summary>What a user is told about how the file is read; null for nothing.</summary>
    public virtual string? Note => null;

    /// <summary>Opens a file by its ending; whether JSON is an array or lines is seen by how it begins.</summary>
    /// <exception cref="InvalidInputException">It cannot be opened, or has no rows of the kind that its ending says.</exception>
    public static RowSource Open(string path) => TextFile.ContentExtension(path) switch
    {
        ".csv" => new CsvRows(path),
        ".tsv" => new CsvRows(path, '\t'),
        ParquetExtension => new ParquetRows(path),
        _ => JsonArrayRows.Begins(path) ? new JsonArrayRows(path) : new JsonlRows(path),
    };

    /// <summary>The next row, or null at the end.</summary>
    /// <exception cref="InvalidInputException">The row is broken. Where <see cref="Position"/> has grown, reading can go on behind
    /// it.</exception>
    public abstract DataRow? Next();

    public virtual void Dispose()
    {
    }
}
