using IlZo.Arithmetic;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Gguf;

/// <summary>A tensor of a GGUF file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The type of its numbers.</param>
/// <param name="IsVector">Whether it has one dimension.</param>
/// <param name="Rows">Its rows; 1 for a vector.</param>
/// <param name="Columns">Numbers of a row, a whole number of blocks.</param>
/// <param name="Offset">Where its bytes begin in the file.</param>
internal sealed record StoredTensor(string Name, DType Type, bool IsVector, int Rows, int Columns, long Offset)
{
    /// <summary>Bytes of a row.</summary>
    public int RowBytes => (int)Type.Layout().Bytes(Columns);
}

/// <summary>
/// A model as a GGUF file, version 2 or 3: what is said of it, and its tensors, whose bytes are read as they are needed.
/// Source: ggml-org/ggml docs/gguf.md.
/// </summary>
internal sealed unsafe class GgufModelFile : IDisposable
{
    private const uint LeastVersion = 2;
    private const uint GreatestVersion = 3;
    private const string AlignmentKey = "general.alignment";
    private const int DefaultAlignment = 32;

    // A tensor's name, number of dimensions, one of them, type and offset.
    private const int LeastTensorBytes = 8 + 4 + 8 + 4 + 8;

    // A key, its type and a value of a byte.
    private const int LeastPairBytes = 8 + 4 + 1;

    private readonly FileBytes _bytes;

    private GgufModelFile(string path, FileBytes bytes)
    {
        (Path, _bytes) = (path, bytes);
        Fields = new GgufFields(path);
        var cursor = new GgufCursor(path, bytes.Data, bytes.Length);
        if (bytes.Length < 4 || !cursor.Take(4, "GGUF").SequenceEqual("GGUF"u8))
        {
            throw new InvalidInputException($"{path}: the file does not begin with GGUF; a GGUF file was expected.");
        }

        uint version = cursor.UInt32();
        if (version is < LeastVersion or > GreatestVersion)
        {
            throw cursor.Error(4, $"version {version}", $"{LeastVersion} or {GreatestVersion}, in little-endian numbers");
        }

        int tensors = cursor.Count("tensors", LeastTensorBytes);
        int pairs = cursor.Count("keys", LeastPairBytes);
        for (int i = 0; i < pairs; i++)
        {
            Fields.Read(cursor.Text(), cursor);
        }

        var entries = new List<(long At, StoredTensor Tensor)>(tensors);
        for (int i = 0; i < tensors; i++)
        {
            entries.Add((cursor.Position, ReadTensor(cursor)));
        }

        Tensors = Placed(cursor, entries);
    }

    /// <summary>The path.</summary>
    public string Path { get; }

    /// <summary>What is said of the model.</summary>
    public GgufFields Fields { get; }

    /// <summary>The tensors by their names.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidInputException">There is none, or it is no GGUF file that can be read.</exception>
    public static GgufModelFile Open(string path) => Of(path, FileBytes.Map(path, "a GGUF file"));

    /// <summary>A file that is given as bytes.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="content">The bytes, which are copied.</param>
    /// <exception cref="InvalidInputException">It is no GGUF file that can be read.</exception>
    public static GgufModelFile FromMemory(string name, ReadOnlySpan<byte> content) => Of(name, FileBytes.Copy(content));

    /// <summary>Reads a row as fp32.</summary>
    public void Read(StoredTensor tensor, int row, Span<float> destination)
    {
        fixed (byte* from = Row(tensor, row))
        fixed (float* to = destination[..tensor.Columns])
        {
            Widening.Read(tensor.Type, from, 0, to, tensor.Columns);
        }
    }

    /// <summary>A row as it is stored.</summary>
    public ReadOnlySpan<byte> Row(StoredTensor tensor, int row) =>
        new(_bytes.Data + tensor.Offset + ((long)row * tensor.RowBytes), tensor.RowBytes);

    /// <summary>Refuses to go on where the file was written to or cut since it was opened.</summary>
    public void RequireUnchanged() => _bytes.RequireUnchanged(Path);

    public void Dispose() => _bytes.Dispose();

    private static GgufModelFile Of(string path, FileBytes bytes)
    {
        try
        {
            return new GgufModelFile(path, bytes);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    private static StoredTensor ReadTensor(GgufCursor cursor)
    {
        string name = cursor.Text();
        long at = cursor.Position;
        uint dimensions = cursor.UInt32();
        if (dimensions is not (1 or 2))
        {
            throw cursor.Error(at, $"{dimensions} dimensions of tensor '{name}'", "1 or 2");
        }

        int columns = Dimension(cursor, name);
        int rows = dimensions == 2 ? Dimension(cursor, name) : 1;
        at = cursor.Position;
        uint code = cursor.UInt32();
        var type = GgufBlocks.Find(code)
            ?? throw cursor.Error(at, $"type {code} of tensor '{name}'", $"one of the types that are read, {GgufBlocks.Names}");
        if (columns % type.Layout().BlockElements is not 0)
        {
            throw cursor.Error(
                at, $"rows of {columns} numbers in blocks of {type}, tensor '{name}'", $"a multiple of {type.Layout().BlockElements}");
        }

        at = cursor.Position;
        ulong offset = cursor.UInt64();
        return offset <= long.MaxValue / 2
            ? new StoredTensor(name, type, dimensions == 1, rows, columns, (long)offset)
            : throw cursor.Error(at, $"offset {offset} of tensor '{name}'", "a place in the file");
    }

    private static int Dimension(GgufCursor cursor, string name)
    {
        long at = cursor.Position;
        ulong size = cursor.UInt64();
        return size is > 0 and <= int.MaxValue / 4
            ? (int)size
            : throw cursor.Error(at, $"{size} numbers in a dimension of tensor '{name}'", $"1 to {int.MaxValue / 4}");
    }

    private Dictionary<string, StoredTensor> Placed(GgufCursor cursor, List<(long At, StoredTensor Tensor)> entries)
    {
        int alignment = Fields.FindInteger(AlignmentKey) ?? DefaultAlignment;
        if (alignment is < 1 or > 1 << 20)
        {
            throw Fields.Error(AlignmentKey, $"{alignment}", $"1 to {1 << 20}");
        }

        long start = (cursor.Position + alignment - 1) / alignment * alignment;
        var tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var (at, tensor) in entries)
        {
            long end = checked(start + tensor.Offset + ((long)tensor.Rows * tensor.RowBytes));
            if (end > _bytes.Length)
            {
                throw cursor.Error(
                    at, $"tensor '{tensor.Name}' of {tensor.Rows} × {tensor.Columns} {tensor.Type} up to byte {end}",
                    $"{_bytes.Length} at most, where the file ends");
            }

            if (!tensors.TryAdd(tensor.Name, tensor with { Offset = start + tensor.Offset }))
            {
                throw cursor.Error(at, $"tensor '{tensor.Name}' a second time", "each once");
            }
        }

        return tensors;
    }
}
