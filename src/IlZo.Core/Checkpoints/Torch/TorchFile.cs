using System.IO.Compression;
using IlZo.Files;
using IlZo.Tensors;

namespace IlZo.Checkpoints.Torch;

/// <summary>
/// An open file that torch.save wrote (since PyTorch 1.6): a zip archive with a pickle that describes tensors, and a file for each of their
/// storages. Tensors whose elements lie in order and uncompressed, as they nearly always do, stay where they are; views in another order
/// are copied. Source: pytorch/pytorch torch/serialization.py.
/// </summary>
internal sealed unsafe class TorchFile : WeightFile
{
    private const string Expected = "a checkpoint as torch.save writes it";

    /// <summary>As for the header of a safetensors file.</summary>
    private const long MaxPickleBytes = 100_000_000;

    private const string PickleName = "data.pkl";

    private const int Looked = 1024;

    // The number that files of PyTorch before 1.6 begin with, pickled, in any protocol that it wrote.
    private static readonly byte[] s_oldMagic = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19];

    private readonly byte* _data;
    private readonly long _length;
    private readonly Dictionary<string, ZipEntry> _entries;
    private readonly Dictionary<TorchStorage, nint> _storages = [];

    // Bytes that views may still be copied to, and compressed files unpacked to.
    private long _room;
    private long _unpackedRoom;

    private TorchFile(string path, FileBytes bytes)
        : base(path, bytes)
    {
        _data = bytes.Data;
        _length = bytes.Length;
        _room = bytes.Length;
        _unpackedRoom = ZipDirectory.LargestExpansion * (bytes.Length + 1);
        RequireArchive(bytes.Start(Looked));
        _entries = ZipDirectory.Parse(path, _data, _length);
        try
        {
            Tensors = Read();
        }
        catch
        {
            Memory.ForEach(m => m.Dispose());
            throw;
        }
    }

    /// <summary>Maps a file and reads its pickle. The weights are not read but where they have to be copied.</summary>
    /// <exception cref="InvalidInputException">The file does not exist, may not be read, or holds something other than tensors.</exception>
    public static TorchFile Open(string path) => Read(path, FileBytes.Map(path, Expected));

    /// <summary>Copies the bytes of a file out of memory.</summary>
    /// <param name="displayName">What messages call the file.</param>
    /// <param name="content">The whole file.</param>
    /// <exception cref="InvalidInputException">The content holds something other than tensors.</exception>
    public static TorchFile FromMemory(string displayName, ReadOnlySpan<byte> content) => Read(displayName, FileBytes.Copy(content));

    private static TorchFile Read(string path, FileBytes bytes)
    {
        try
        {
            return new TorchFile(path, bytes);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    private void RequireArchive(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("PK\u0003\u0004"u8))
        {
            return;
        }

        if (start.IndexOf(s_oldMagic) is >= 0 and <= 4 || start[Math.Min(257, start.Length)..].StartsWith("ustar"u8))
        {
            throw new InvalidInputException(
                $"'{Path}' is in the format of PyTorch before 1.6, which is not read; a file that a newer PyTorch saved was expected: "
                + "torch.save(torch.load(file, map_location='cpu'), file), or save_pretrained of transformers.");
        }

        if (start.Length > 8 && start[8] == (byte)'{' && start[4..8].SequenceEqual("\0\0\0\0"u8))
        {
            throw new InvalidInputException(
                $"'{Path}' is a safetensors file under another name; {CheckpointFolder.SingleFileName} was expected for its name.");
        }

        ForeignContent.Refuse(Path, start, Expected);
        throw new InvalidInputException($"'{Path}' is not a zip archive; {Expected} was expected.");
    }

    private List<TensorEntry> Read()
    {
        var pickle = _entries.Values.FirstOrDefault(e => e.Name.EndsWith('/' + PickleName, StringComparison.Ordinal)
            && e.Name.IndexOf('/') == e.Name.Length - PickleName.Length - 1)
            ?? throw new InvalidInputException($"'{Path}' is a zip archive without {PickleName}; {Expected} was expected.");
        string root = pickle.Name[..^PickleName.Length];
        if (_entries.ContainsKey(root + "constants.pkl"))
        {
            throw new InvalidInputException($"'{Path}' is a TorchScript program, which is not run; {Expected} was expected.");
        }

        if (_entries.TryGetValue(root + "byteorder", out var order) && order.Length == "big".Length && Bytes(order).SequenceEqual("big"u8))
        {
            throw new InvalidInputException($"'{Path}' was written by a big-endian machine; little-endian numbers were expected.");
        }

        if (pickle.Length > MaxPickleBytes)
        {
            throw new InvalidInputException($"'{Path}' has a pickle of {pickle.Length} bytes; at most {MaxPickleBytes} were expected.");
        }

        if (PickleReader.Read(Path, Bytes(pickle)) is not PickleDictionary state)
        {
            throw new InvalidInputException($"'{Path}' holds no dictionary; the state_dict of a model was expected.");
        }

        // A key that is set twice has its last value.
        var tensors = new Dictionary<string, TensorEntry>(StringComparer.Ordinal);
        foreach (var (key, value) in state.Entries)
        {
            string name = key as string ?? throw new InvalidInputException(
                $"'{Path}' has a key that is not text; the names of tensors were expected.");
            tensors[name] = value is TorchTensor tensor ? Entry(root, name, tensor) : throw Bad(name, value is PickleDictionary
                ? "is a dictionary, as trainers save one around a model's tensors; a file with nothing but the state_dict was expected"
                : "is not a tensor; a tensor was expected");
        }

        return [.. tensors.Values];
    }

    private TensorEntry Entry(string root, string name, TorchTensor tensor)
    {
        int size = StoredType.Bits(tensor.Storage.Type) / 8;
        if (!StoredType.TryGetByteCount(tensor.Storage.Type, tensor.Shape, out long byteCount))
        {
            throw Bad(name, $"has shape [{string.Join(", ", tensor.Shape)}], which has no size");
        }

        Int128 last = tensor.Offset;
        for (int i = 0; i < tensor.Shape.Length && byteCount > 0; i++)
        {
            last += (Int128)(tensor.Shape[i] - 1) * tensor.Strides[i];
        }

        if (tensor.Offset > tensor.Storage.Count || (byteCount > 0 && last >= tensor.Storage.Count)
            || byteCount / size > tensor.Storage.Count)
        {
            throw Bad(
                name,
                $"of shape [{string.Join(", ", tensor.Shape)}] reaches beyond the {tensor.Storage.Count} elements that it is a view of");
        }

        byte* first = Storage(root, name, tensor.Storage, size) + (tensor.Offset * size);
        return new TensorEntry(Path, name, tensor.Storage.Type, tensor.Shape, byteCount == 0 || IsInOrder(tensor)
            ? first
            : InOrder(name, tensor, first, size, byteCount));
    }

    private byte* Storage(string root, string name, TorchStorage storage, int size)
    {
        if (_storages.TryGetValue(storage, out nint known))
        {
            return (byte*)known;
        }

        if (!_entries.TryGetValue($"{root}data/{storage.Key}", out var entry) || (Int128)storage.Count * size > entry.Length)
        {
            throw Bad(name, $"is a view of {storage.Count} elements of {storage.Type} in data/{SafetensorsHeader.Printable(storage.Key)}, "
                + "which the archive does not hold");
        }

        byte* data = entry.IsCompressed ? Unpacked(entry) : _data + entry.Offset;
        _storages.Add(storage, (nint)data);
        return data;
    }

    private ReadOnlySpan<byte> Bytes(ZipEntry entry) =>
        new(entry.IsCompressed ? Unpacked(entry) : _data + entry.Offset, checked((int)entry.Length));

    private byte* Unpacked(ZipEntry entry)
    {
        if (entry.Length > _unpackedRoom)
        {
            throw new InvalidInputException($"'{Path}' has compressed files that share their bytes; {Expected} was expected.");
        }

        _unpackedRoom -= entry.Length;
        var buffer = new NativeBuffer(entry.Length);
        Memory.Add(buffer);
        using var stored = new UnmanagedMemoryStream(_data + entry.Offset, entry.StoredLength);
        using var deflate = new DeflateStream(stored, CompressionMode.Decompress);
        using var target = new UnmanagedMemoryStream((byte*)buffer.Data, entry.Length, entry.Length, FileAccess.Write);
        try
        {
            deflate.CopyTo(target);
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            throw new InvalidInputException(
                $"'{Path}' has a compressed file '{SafetensorsHeader.Printable(entry.Name)}' that is damaged; {Expected} was expected.", e);
        }

        return target.Position == entry.Length ? (byte*)buffer.Data : throw new InvalidInputException(
            $"'{Path}' has a compressed file '{SafetensorsHeader.Printable(entry.Name)}' of {target.Position} bytes; {entry.Length} were "
                + "expected.");
    }

    private static bool IsInOrder(TorchTensor tensor)
    {
        Int128 expected = 1;
        for (int i = tensor.Shape.Length - 1; i >= 0; i--)
        {
            if (tensor.Shape[i] != 1 && tensor.Strides[i] != expected)
            {
                return false;
            }

            expected *= tensor.Shape[i];
        }

        return true;
    }

    private byte* InOrder(string name, TorchTensor tensor, byte* first, int size, long byteCount)
    {
        if (byteCount > _room)
        {
            throw Bad(name, "and others are views that take more room than the file; tensors with elements of their own were expected");
        }

        _room -= byteCount;
        var buffer = new NativeBuffer(byteCount);
        Memory.Add(buffer);
        byte* to = (byte*)buffer.Data;
        long[] index = new long[tensor.Shape.Length];
        for (long at = 0; at < byteCount; at += size)
        {
            long from = 0;
            for (int i = 0; i < index.Length; i++)
            {
                from += index[i] * tensor.Strides[i];
            }

            Buffer.MemoryCopy(first + (from * size), to + at, size, size);
            for (int i = index.Length - 1; i >= 0 && ++index[i] == tensor.Shape[i]; i--)
            {
                index[i] = 0;
            }
        }

        return to;
    }

    private InvalidInputException Bad(string name, string problem) => new($"'{Path}': '{SafetensorsHeader.Printable(name)}' {problem}.");
}
