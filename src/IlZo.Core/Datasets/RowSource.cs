namespace IlZo.Datasets;

/// <summary>The rows of a file, one after the other.</summary>
internal abstract class RowSource : IDisposable
{
    /// <summary>The file endings of rows.</summary>
    public static readonly string[] Extensions = [".jsonl", ".ndjson", ".csv"];

    /// <summary>How far the file was read, in lines. It grows with every row, also one that is refused.</summary>
    public abstract int Line { get; }

    /// <summary>Opens a file by its ending.</summary>
    /// <exception cref="InvalidInputException">It cannot be opened, or has no rows of the kind that its ending says.</exception>
    public static RowSource Open(string path) =>
        path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? new CsvRows(path) : new JsonlRows(path);

    /// <summary>The next row, or null at the end.</summary>
    /// <exception cref="InvalidInputException">The row is broken. Where <see cref="Line"/> has grown, reading can go on behind it.</exception>
    public abstract DataRow? Next();

    public virtual void Dispose()
    {
    }
}
