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

    /// <summary>δ of the elements of a block. Those that the tensor does not have are of no meaning.</summary>
    /// <param name="term">Which of some directions of this kind.</param>
    /// <param name="block">The block.</param>
    /// <param name="weights">The stored weights of its elements.</param>
    Eight Elements(Term term, NoiseBlock block, Eight weights);
}

/// <summary>The weights as they are.</summary>
public readonly struct NoDirection : IDirection
{
    public static bool IsPerturbed => false;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) => default;
}

/// <summary>Normal deviates.</summary>
/// <param name="table">The coefficients of <see cref="NormalTransform"/>.</param>
public readonly struct NormalDirection(ArrayView<float> table) : IDirection
{
    private readonly ArrayView<float> _table = table;

    public static bool IsPerturbed => true;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Deviates(term.Noise.Words(block), term.Noise.Scale, _table));

    /// <summary>The deviate of an element's 16 bits.</summary>
    public static float Deviate(uint bits, ArrayView<float> table) => NormalTransform.FromBits((int)bits, new Arithmetic(table));

    private readonly struct Deviates(NoiseWords words, float scale, ArrayView<float> table) : IElements
    {
        private readonly NoiseWords _words = words;
        private readonly float _scale = scale;
        private readonly ArrayView<float> _table = table;

        public float At(int index) => Deviate(_words.Bits(index), _table) * _scale;
    }

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

    public Eight Elements(Term term, NoiseBlock block, Eight weights) => Eight.Of(new Signs(term.Noise.Words(block), term.Noise.Scale));

    private readonly struct Signs(NoiseWords words, float scale) : IElements
    {
        private readonly NoiseWords _words = words;
        private readonly float _scale = scale;

        public float At(int index) => (_words.Bits(index) & 0x8000) == 0 ? _scale : -_scale;
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
