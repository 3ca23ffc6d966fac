using IlZo.Noise;

namespace IlZo.Kernels;

/// <summary>A noise field and what is drawn from it.</summary>
/// <param name="key">The field.</param>
/// <param name="tensor">The tensor's number.</param>
/// <param name="columns">The tensor's columns, from which the numbers of its elements follow.</param>
/// <param name="scale">What elements are multiplied by.</param>
public readonly struct NoiseSource(NoiseKey key, int tensor, int columns, float scale)
{
    public readonly float Scale = scale;

    // Groups of 64 elements in a row.
    private readonly int _groupsPerRow = (columns + NoiseField.Group - 1) / NoiseField.Group;
    private readonly ulong _seed = key.Seed;
    private readonly uint _step = key.Step;
    private readonly uint _word3 = key.Word3;
    private readonly int _tensor = tensor;

    /// <summary>The words of a block; see <see cref="NoiseField"/> for the elements they belong to.</summary>
    public NoiseWords Words(NoiseBlock block)
    {
        long number = ((((long)block.Row * _groupsPerRow) + block.Group) * NoiseField.BlocksPerGroup) + block.Block;
        var (w0, w1, w2, w3) = Philox4x32.Block(_seed, (uint)number, NoiseKey.Word1(_tensor, number), _step, _word3);
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
    public uint Bits(int index)
    {
        uint even = index < 4 ? _w0 : _w2;
        uint odd = index < 4 ? _w1 : _w3;
        uint word = (index & 1) == 0 ? even : odd;
        return (word >> ((index & 2) * 8)) & 0xFFFF;
    }
}

/// <summary>The eight elements of a tensor that one noise block decides.</summary>
/// <param name="row">The row.</param>
/// <param name="group">The group of 64 columns.</param>
/// <param name="block">The block in its group.</param>
/// <param name="columns">The tensor's columns.</param>
public readonly struct NoiseBlock(int row, int group, int block, int columns)
{
    public readonly int Row = row;
    public readonly int Group = group;
    public readonly int Block = block;
    private readonly int _columns = columns;

    /// <summary>Blocks of a row.</summary>
    public static int BlocksOfRow(int columns) => (columns + NoiseField.Group - 1) / NoiseField.Group * NoiseField.BlocksPerGroup;

    /// <summary>A block by its number in a row.</summary>
    public static NoiseBlock InRow(int row, int number, int columns) =>
        new(row, number / NoiseField.BlocksPerGroup, number % NoiseField.BlocksPerGroup, columns);

    /// <summary>The column of an element.</summary>
    public int Column(int index) => (Group * NoiseField.Group) + NoiseWords.Column(Block, index);

    /// <summary>Whether the tensor has the element: the last group of a row may reach beyond it.</summary>
    public bool Has(int index) => Column(index) < _columns;

    /// <summary>The number of an element in the tensor.</summary>
    public long Index(int index) => ((long)Row * _columns) + Column(index);
}
