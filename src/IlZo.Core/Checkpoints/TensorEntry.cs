using IlZo.Tensors;

namespace IlZo.Checkpoints;

/// <summary>
/// One tensor of a weight file: what the file says of it and the address of its little-endian, row-major elements. The
/// memory belongs to the file it came from, and can be reached for as long as that is open.
/// </summary>
internal sealed unsafe class TensorEntry
{
    private readonly byte* _data;
    private bool _isReleased;

    /// <param name="file">The file the tensor is in, for messages; empty for a tensor that is yet to be written.</param>
    /// <param name="name">The stored name.</param>
    /// <param name="type">A type name of the safetensors format, such as <c>F32</c> or <c>I64</c>, or of one with blocks.</param>
    /// <param name="shape">The dimensions, outermost first; none for a scalar.</param>
    /// <param name="data">The first element.</param>
    /// <exception cref="ArgumentException">The type is unknown, or the shape has no size in bytes.</exception>
    public TensorEntry(string file, string name, string type, IReadOnlyList<long> shape, void* data)
    {
        if (!StoredType.TryGetByteCount(type, shape, out long byteCount))
        {
            throw new ArgumentException($"A tensor of type '{type}' and shape [{string.Join(", ", shape)}] has no size.");
        }

        File = file;
        Name = name;
        Type = type;
        Shape = shape;
        ByteCount = byteCount;
        _data = (byte*)data;
    }

    /// <summary>The stored form of a parameter, under its own name or another one.</summary>
    public static TensorEntry Of(Parameter parameter, string? name = null) =>
        new("", name ?? parameter.Name, StoredType.Name(parameter.Type), parameter.Shape, parameter.Data);

    /// <summary>The path or display name of the file.</summary>
    public string File { get; }

    public string Name { get; }

    /// <summary>The type as stored; see <see cref="StoredType"/>.</summary>
    public string Type { get; }

    /// <summary>The dimensions, outermost first; none for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    public long ByteCount { get; }

    /// <summary>The first element. It is aligned to its size in files whose writer cared for that, which is not required.</summary>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public byte* Data => _isReleased ? throw new ObjectDisposedException(nameof(WeightFile)) : _data;

    /// <summary>Makes it known that the memory is given back.</summary>
    internal void Release() => _isReleased = true;
}
