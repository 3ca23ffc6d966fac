using IlZo.Noise;
using ILGPU;

namespace IlZo.Kernels;

/// <summary>A term c·δ of a sum of directions of one kind. It is numbers only, so that a list of them can lie in memory.</summary>
/// <param name="noise">The noise that δ is made of, if it is made of any.</param>
/// <param name="coefficient">c.</param>
/// <param name="number">The term's place in the sum, by which a direction finds what it keeps for each term.</param>
public readonly struct Term(NoiseSource noise, float coefficient, int number)
{
    public readonly NoiseSource Noise = noise;
    public readonly float Coefficient = coefficient;
    public readonly int Number = number;
}

/// <summary>
/// A kind of direction, which a kernel is compiled for, with all that it reads. Kinds that change another one are generic in it, so that
/// any composition is a type.
/// </summary>
public interface IDirection
{
    /// <summary>Whether there is a direction at all.</summary>
    static abstract bool IsPerturbed { get; }

    /// <summary>Whether δ depends on the weights.</summary>
    static abstract bool ReadsWeights { get; }

    /// <summary>δ of the elements of a block. Those that the tensor does not have are of no meaning.</summary>
    /// <param name="term">Which of some directions of this kind.</param>
    /// <param name="block">The block.</param>
    /// <param name="weights">The stored weights of its elements, where δ depends on them.</param>
    Eight Elements(Term term, NoiseBlock block, Eight weights);
}

/// <summary>The weights as they are.</summary>
public readonly struct NoDirection : IDirection
{
    public static bool IsPerturbed => false;

    public static bool ReadsWeights => false;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) => default;
}

/// <summary>Normal deviates.</summary>
/// <param name="table">The cubics of <see cref="NormalTransform"/>.</param>
public readonly struct NormalDirection(ArrayView<Quad> table) : IDirection
{
    private readonly ArrayView<Quad> _table = table;

    public static bool IsPerturbed => true;

    public static bool ReadsWeights => false;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Deviates(term.Noise.Words(block), term.Noise.Scale, _table));

    /// <summary>What a device has to have as the table: 16 bytes for each cubic, which one instruction reads.</summary>
    public static Quad[] Table() => [.. Enumerable.Range(0, NormalTransform.Octaves).Select(NormalTransform.Cubic).Select(
        c => new Quad(c.C0, c.C1, c.C2, c.C3))];

    /// <summary>The deviate of an element's 16 bits, whatever is above them.</summary>
    public static float Deviate(uint bits, ArrayView<Quad> table) => NormalTransform.FromBits((int)bits, new Arithmetic(table));

    private readonly struct Deviates(NoiseWords words, float scale, ArrayView<Quad> table) : IElements
    {
        private readonly NoiseWords _words = words;
        private readonly float _scale = scale;
        private readonly ArrayView<Quad> _table = table;

        public float At(int index) => Deviate(_words.Shifted(index), _table) * _scale;
    }

    private readonly struct Arithmetic(ArrayView<Quad> table) : NormalTransform.IArithmetic
    {
        private readonly ArrayView<Quad> _table = table;

        public (float C0, float C1, float C2, float C3) Cubic(int octave)
        {
            var cubic = _table[octave];
            return (cubic.V0, cubic.V1, cubic.V2, cubic.V3);
        }

        public float FusedMultiplyAdd(float a, float b, float c) => DeviceMath.FusedMultiplyAdd(a, b, c);
    }
}

/// <summary>Signs.</summary>
public readonly struct SignDirection : IDirection
{
    public static bool IsPerturbed => true;

    public static bool ReadsWeights => false;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) => Eight.Of(new Signs(term.Noise.Words(block), term.Noise.Scale));

    private readonly struct Signs(NoiseWords words, float scale) : IElements
    {
        private readonly NoiseWords _words = words;
        private readonly float _scale = scale;

        public float At(int index) => (_words.Shifted(index) & 0x8000) == 0 ? _scale : -_scale;
    }
}

/// <summary>A sum of directions of one kind, Σ cᵢ δᵢ, added in order.</summary>
public struct Terms<TDirection>
    where TDirection : struct, IDirection
{
    /// <summary>What the directions read.</summary>
    public TDirection Direction;

    public ArrayView<Term> List;

    /// <summary>The sum for the elements of a block.</summary>
    public readonly Eight Sum(NoiseBlock block, Eight weights)
    {
        var sum = default(Eight);
        for (int i = 0; i < List.Length; i++)
        {
            var term = List[i];
            sum = Eight.FusedMultiplyAdd(Direction.Elements(term, block, weights), term.Coefficient, sum);
        }

        return sum;
    }
}
