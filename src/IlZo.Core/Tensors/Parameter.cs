using IlZo.Files;

namespace IlZo.Tensors;

/// <summary>
/// One weight tensor of a model: a name, a shape, a role and the address of its row-major elements. The memory belongs to the
/// <see cref="ParameterSet"/> the parameter is in, and can be reached for as long as that is not disposed of. Tied tensors are one
/// parameter.
/// </summary>
public sealed unsafe class Parameter
{
    private readonly StoredLayout _layout;
    private byte* _data;
    private bool _isReleased;

    /// <param name="name">The name in the checkpoint, which is also its identity in logs and hashes.</param>
    /// <param name="shape">One or two dimensions, outermost first.</param>
    /// <param name="type">The format of the elements.</param>
    /// <param name="data">The first element.</param>
    /// <param name="role">What it is in its model; nothing in particular where there is no model.</param>
    internal Parameter(string name, IReadOnlyList<long> shape, DType type, void* data, TensorRole role = default)
    {
        if (shape.Count is not (1 or 2) || shape.Any(d => d is <= 0 or > int.MaxValue))
        {
            throw new InvalidInputException(
                $"Tensor '{name}' has shape [{string.Join(", ", shape)}]; one or two positive dimensions were expected.");
        }

        Name = name;
        Shape = shape;
        Type = type;
        _data = (byte*)data;
        Role = role;
        Rows = shape.Count == 2 ? (int)shape[0] : 1;
        Columns = (int)shape[^1];
        _layout = type.Layout();
        RowBytes = _layout.Bytes(Columns);
        ByteCount = checked(Rows * RowBytes);
        if (Columns % _layout.BlockElements != 0)
        {
            throw new InvalidInputException(
                $"Tensor '{name}' has rows of {Columns} elements in blocks of {type.TorchName()}; a multiple of {_layout.BlockElements} "
                    + "was expected.");
        }
    }

    /// <summary>The name in the checkpoint, or that of a tensor of an adapter; logs and hashes go by it.</summary>
    public string Name { get; }

    /// <summary>The dimensions, outermost first: <c>[out, in]</c> for a linear layer, <c>[size]</c> for a bias or a norm.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The format of the elements in memory.</summary>
    public DType Type { get; }

    /// <summary>What it is, by which it is treated; its name says nothing.</summary>
    public TensorRole Role { get; }

    /// <summary>The first element.</summary>
    /// <exception cref="ObjectDisposedException">Its memory was given back.</exception>
    internal byte* Data
    {
        get => _isReleased ? throw new ObjectDisposedException(nameof(ParameterSet)) : _data;
        set => _data = value;
    }

    /// <summary>Rows of the tensor seen as a matrix; 1 for a vector.</summary>
    public int Rows { get; }

    /// <summary>Columns of the tensor seen as a matrix; the length of a vector.</summary>
    public int Columns { get; }

    /// <summary>Elements.</summary>
    public long Count => (long)Rows * Columns;

    /// <summary>Bytes of the elements in memory.</summary>
    public long ByteCount { get; }

    /// <summary>Bytes of a row in memory.</summary>
    internal long RowBytes { get; }

    /// <summary>
    /// The number by which noise names this tensor: its place among all parameters in the ordinal order of their names, and after them
    /// those of an adapter. It does not depend on what is trained.
    /// </summary>
    public int Id { get; internal set; }

    /// <summary>
    /// The place among the tensors that are trained, by which what is kept for each of them is found; −1 where this one is frozen.
    /// </summary>
    public int Index { get; internal set; }

    /// <summary>Whether training perturbs and updates it.</summary>
    public bool IsTrained => Index >= 0;

    /// <summary>
    /// What is read in the place of its blocks' own scales, fp32 numbers [rows, blocks of a row]; null where those are.
    /// </summary>
    internal Parameter? Scales { get; set; }

    /// <summary>The layer of the model that it belongs to, from 0; null outside of layers.</summary>
    internal int? Layer { get; set; }

    /// <summary>Where its elements lie in a mapped file, and nothing was written to them that is not there; null otherwise.</summary>
    internal FilePlace? Place { get; set; }

    /// <summary>Whether pages of it that were read elsewhere than in a pass are to be given back.</summary>
    internal bool IsDroppable { get; set; }

    /// <summary>The SHA-256 of each piece as it was when it was loaded; null where nobody asked for them.</summary>
    internal byte[][]? LoadedHashes { get; set; }

    /// <summary>The set it is in; null for one that stands alone.</summary>
    internal ParameterSet? Set { get; set; }

    /// <summary>Says that its elements lie in another file from here on, which is mapped.</summary>
    internal void MoveTo(FilePlace place, byte* data)
    {
        Place = place;
        Data = data;
        IsDroppable = true;
    }

    /// <summary>Makes it known that the memory is given back.</summary>
    internal void Release() => _isReleased = true;

    /// <summary>The first byte of a row.</summary>
    internal byte* RowAt(int row) => Data + (row * RowBytes);

    /// <summary>The address of element [<paramref name="row"/>, <paramref name="column"/>].</summary>
    /// <exception cref="InvalidOperationException">Elements lie in blocks.</exception>
    internal byte* At(int row, int column) => _layout.BlockElements == 1
        ? RowAt(row) + ((long)column * _layout.BlockBytes)
        : throw new InvalidOperationException($"'{Name}' is in blocks of {Type.TorchName()}, whose elements have no address.");

    /// <summary>Where the bytes of some elements of a row lie, and how many they are; of blocks all that have some of them.</summary>
    internal (nint Start, long Count) BytesOf(int row, int column, int count)
    {
        long first = column / _layout.BlockElements;
        long end = (column + (long)count + _layout.BlockElements - 1) / _layout.BlockElements;
        return ((nint)RowAt(row) + (nint)(first * _layout.BlockBytes), (end - first) * _layout.BlockBytes);
    }
}
