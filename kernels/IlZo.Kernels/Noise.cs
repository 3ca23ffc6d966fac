using IlZo.Noise;
using ILGPU;

namespace IlZo.Kernels;

/// <summary>A noise field and what is drawn from it.</summary>
/// <param name="key">The field.</param>
/// <param name="tensor">The tensor's number.</param>
/// <param name="columns">The tensor's columns, from which the numbers of its elements follow.</param>
/// <param name="scale">What elements are multiplied by.</param>
public readonly struct NoiseSource(NoiseKey key, int tensor, int columns, float scale)
{
    /// <summary>Groups of 64 elements in a row.</summary>
    public readonly int GroupsPerRow = (columns + NoiseField.Group - 1) / NoiseField.Group;
    public readonly float Scale = scale;
    private readonly ulong _seed = key.Seed;
    private readonly uint _step = key.Step;
    private readonly uint _word3 = key.Word3;
    private readonly int _tensor = tensor;

    /// <summary>The words of one of the eight blocks of a group; see <see cref="NoiseField"/> for the elements they belong to.</summary>
    public NoiseWords Block(int row, int group, int block)
    {
        long number = ((((long)row * GroupsPerRow) + group) * NoiseField.BlocksPerGroup) + block;
        var (w0, w1, w2, w3) = Philox4x32.Block(_seed, (uint)number, NoiseKey.Word1(_tensor, number), _step, _word3);
        return new NoiseWords(w0, w1, w2, w3);
    }
}

/// <summary>128 random bits: 16 for each of the elements 2b, 2b + 1, 2b + 16, 2b + 17, 2b + 32, … of a group, where b is the block.</summary>
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

/// <summary>What becomes of an element's 16 bits: a kind of direction, which a kernel is compiled for.</summary>
public interface IDirection
{
    /// <summary>Whether there is noise at all.</summary>
    static abstract bool IsPerturbed { get; }

    /// <param name="bits">The element's 16 bits.</param>
    /// <param name="scale">What it is multiplied by.</param>
    /// <param name="table">The coefficients of <see cref="NormalTransform"/>.</param>
    static abstract float Element(uint bits, float scale, ArrayView<float> table);
}

/// <summary>The weights as they are.</summary>
public readonly struct NoDirection : IDirection
{
    public static bool IsPerturbed => false;

    public static float Element(uint bits, float scale, ArrayView<float> table) => 0;
}

/// <summary>Normal deviates.</summary>
public readonly struct NormalDirection : IDirection
{
    public static bool IsPerturbed => true;

    public static float Element(uint bits, float scale, ArrayView<float> table) =>
        NormalTransform.FromBits((int)bits, new Arithmetic(table)) * scale;

    private readonly struct Arithmetic(ArrayView<float> table) : NormalTransform.IArithmetic
    {
        private readonly ArrayView<float> _table = table;

        public float Coefficient(int degree, int octave) => _table[(degree * NormalTransform.Octaves) + octave];

        public float FusedMultiplyAdd(float a, float b, float c) => DeviceMath.FusedMultiplyAdd(a, b, c);
    }
}

/// <summary>Signs.</summary>
public readonly struct SignDirection : IDirection
{
    public static bool IsPerturbed => true;

    public static float Element(uint bits, float scale, ArrayView<float> table) => (bits & 0x8000) == 0 ? scale : -scale;
}
