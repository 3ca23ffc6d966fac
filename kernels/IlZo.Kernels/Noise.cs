using IlZo.Noise;

namespace IlZo.Kernels;

/// <summary>A noise field and what is drawn from it.</summary>
/// <param name="key">The field.</param>
/// <param name="tensor">The tensor's number.</param>
/// <param name="scale">What elements are multiplied by.</param>
public readonly struct NoiseSource(NoiseKey key, int tensor, float scale)
{
    public readonly float Scale = scale;
    private readonly ulong _seed = key.Seed;
    private readonly uint _step = key.Step;
    private readonly uint _word3 = key.Word3;
    private readonly int _tensor = tensor;

    /// <summary>The words of a block; see <see cref="NoiseField"/> for the elements they belong to.</summary>
    public NoiseWords Words(NoiseBlock block)
    {
        var (w0, w1, w2, w3) = Philox4x32.Block<DeviceMath>(
            _seed, block.Number, NoiseKey.Word1(_tensor, 0) | block.UpperNumber, _step, _word3);
        return new NoiseWords(w0, w1, w2, w3);
    }
}

/// <summary>
/// 128 random bits: 16 for each of the elements 2b, 2b + 1, 2b + 16, 2b + 17, 2b + 32, … of a group, where b is the block.
/// </summary>
public readonly struct NoiseWords(uint w0, uint w1, uint w2, uint w3)
{
    /// <summary>Elements that a block decides.</summary>
    public const int Count = 8;

    private readonly uint _w0 = w0;
    private readonly uint _w1 = w1;
    private readonly uint _w2 = w2;
    private readonly uint _w3 = w3;

    /// <summary>The place in its group of a block's element.</summary>
    public static int Column(int block, int index) => (2 * block) + (index & 1) + ((index >> 1) * 16);

    /// <summary>The bits of an element, in the order of <see cref="Column"/>.</summary>
    public uint Bits(int index) => Shifted(index) & 0xFFFF;

    /// <summary>The same with bits of another element above them, for those who do not need all 16.</summary>
    public uint Shifted(int index)
    {
        uint even = index < 4 ? _w0 : _w2;
        uint odd = index < 4 ? _w1 : _w3;
        uint word = (index & 1) == 0 ? even : odd;
        return word >> ((index & 2) * 8);
    }
}

/// <summary>The eight elements of a tensor that one noise block decides.</summary>
public readonly struct NoiseBlock
{
    public readonly int Row;

    /// <summary>The block in its group of 64 columns.</summary>
    public readonly int Block;

    /// <summary>The block's number in the tensor, of which the generator has 48 bits: the lower 32.</summary>
    public readonly uint Number;

    /// <summary>Those above them.</summary>
    public readonly uint UpperNumber;

    /// <summary>The number of its first element in the tensor.</summary>
    public readonly long First;

    private readonly int _columns;
    private readonly int _column;

    // Columns from the group's first one on.
    private readonly int _left;

    /// <param name="row">The row.</param>
    /// <param name="group">The group of 64 columns.</param>
    /// <param name="block">The block in its group.</param>
    /// <param name="columns">The tensor's columns.</param>
    public NoiseBlock(int row, int group, int block, int columns)
    {
        int groupsOfRow = (columns + NoiseField.Group - 1) / NoiseField.Group;
        long number = ((((long)row * groupsOfRow) + group) * NoiseField.BlocksPerGroup) + block;
        Row = row;
        Block = block;
        Number = (uint)number;
        UpperNumber = NoiseKey.Word1(0, number);
        First = ((long)row * columns) + (group * NoiseField.Group) + NoiseWords.Column(block, 0);
        _columns = columns;
        _column = (group * NoiseField.Group) + NoiseWords.Column(block, 0);
        _left = columns - (group * NoiseField.Group);
    }

    /// <summary>Whether the tensor has the whole group, and neighbours in a block are at a multiple of the size of two.</summary>
    public bool IsWhole => _left >= NoiseField.Group && (_columns & 1) == 0;

    /// <summary>Blocks of a row.</summary>
    public static int BlocksOfRow(int columns) => (columns + NoiseField.Group - 1) / NoiseField.Group * NoiseField.BlocksPerGroup;

    /// <summary>A block by its number in a row.</summary>
    public static NoiseBlock InRow(int row, int number, int columns) =>
        new(row, number / NoiseField.BlocksPerGroup, number & (NoiseField.BlocksPerGroup - 1), columns);

    /// <summary>The column of an element.</summary>
    public int Column(int index) => _column + NoiseWords.Column(0, index);

    /// <summary>Whether the tensor has the element: the last group of a row may reach beyond it.</summary>
    public bool Has(int index) => Column(index) < _columns;

    /// <summary>The number of an element in the tensor.</summary>
    public long Index(int index) => First + NoiseWords.Column(0, index);
}
