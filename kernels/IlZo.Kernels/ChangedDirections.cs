using IlZo.Perturbations;
using ILGPU;

namespace IlZo.Kernels;

/// <summary>A direction times a number for each term.</summary>
public readonly struct Scaled<TInner>(TInner inner, ArrayView<float> scales) : IDirection
    where TInner : struct, IDirection
{
    private readonly TInner _inner = inner;
    private readonly ArrayView<float> _scales = scales;

    public static bool IsPerturbed => true;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Product(_inner.Elements(term, block, weights), _scales[term.Number]));

    private readonly struct Product(Eight inner, float scale) : IElements
    {
        private readonly Eight _inner = inner;
        private readonly float _scale = scale;

        public float At(int index) => _inner.At(index) * _scale;
    }
}

/// <summary>A direction where the weight's magnitude is at most a threshold, and 0 elsewhere: <see cref="SmallWeightsDirection"/>.</summary>
public readonly struct SmallWeights<TInner>(TInner inner, float threshold) : IDirection
    where TInner : struct, IDirection
{
    private readonly TInner _inner = inner;
    private readonly float _threshold = threshold;

    public static bool IsPerturbed => true;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Masked(_inner.Elements(term, block, weights), weights, _threshold));

    private readonly struct Masked(Eight inner, Eight weights, float threshold) : IElements
    {
        private readonly Eight _inner = inner;
        private readonly Eight _weights = weights;
        private readonly float _threshold = threshold;

        public float At(int index) => MathF.Abs(_weights.At(index)) <= _threshold ? _inner.At(index) : 0;
    }
}

/// <summary>A direction u after a rank-one change, u − κda: <see cref="RankOneDirection"/>.</summary>
/// <param name="inner">u.</param>
/// <param name="vector">a.</param>
/// <param name="factors">−κd of each row, or of all rows, for each term.</param>
/// <param name="rows">The numbers of a term: the tensor's rows, or 1.</param>
public readonly struct RankOne<TInner>(TInner inner, ArrayView<float> vector, ArrayView<float> factors, int rows) : IDirection
    where TInner : struct, IDirection
{
    private readonly TInner _inner = inner;
    private readonly ArrayView<float> _vector = vector;
    private readonly ArrayView<float> _factors = factors;
    private readonly int _rows = rows;

    public static bool IsPerturbed => true;

    public Eight Elements(Term term, NoiseBlock block, Eight weights)
    {
        float factor = _factors[((long)term.Number * _rows) + (_rows == 1 ? 0 : block.Row)];
        return Eight.Of(new Moved(_inner.Elements(term, block, weights), block, _vector, factor));
    }

    private readonly struct Moved(Eight inner, NoiseBlock block, ArrayView<float> vector, float factor) : IElements
    {
        private readonly Eight _inner = inner;
        private readonly NoiseBlock _block = block;
        private readonly ArrayView<float> _vector = vector;
        private readonly float _factor = factor;

        public float At(int index) =>
            _block.Has(index) ? DeviceMath.FusedMultiplyAdd(_vector[_block.Column(index)], _factor, _inner.At(index)) : 0;
    }
}

/// <summary>A direction divided by √(1 + e): <see cref="InverseRootDirection"/>.</summary>
/// <param name="inner">The direction.</param>
/// <param name="excess">e of each element.</param>
public readonly struct InverseRoot<TInner>(TInner inner, ArrayView<float> excess) : IDirection
    where TInner : struct, IDirection
{
    private readonly TInner _inner = inner;
    private readonly ArrayView<float> _excess = excess;

    public static bool IsPerturbed => true;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Quotient(_inner.Elements(term, block, weights), block, _excess));

    private readonly struct Quotient(Eight inner, NoiseBlock block, ArrayView<float> excess) : IElements
    {
        private readonly Eight _inner = inner;
        private readonly NoiseBlock _block = block;
        private readonly ArrayView<float> _excess = excess;

        public float At(int index) => _block.Has(index) ? _inner.At(index) / MathF.Sqrt(_excess[_block.Index(index)] + 1) : 0;
    }
}

/// <summary>A direction with each element in by chance, or left out: <see cref="BernoulliDirection"/>.</summary>
/// <param name="inner">The direction.</param>
/// <param name="mask">The field that decides.</param>
/// <param name="excess">Sᵢ − 1 of each element.</param>
/// <param name="rule">πᵢ.</param>
/// <param name="weighted">1 where elements that are in are divided by πᵢ, else 0.</param>
public readonly struct Bernoulli<TInner>(TInner inner, NoiseSource mask, ArrayView<float> excess, InclusionRule rule, int weighted) : IDirection
    where TInner : struct, IDirection
{
    private readonly TInner _inner = inner;
    private readonly NoiseSource _mask = mask;
    private readonly ArrayView<float> _excess = excess;
    private readonly InclusionRule _rule = rule;
    private readonly int _weighted = weighted;

    public static bool IsPerturbed => true;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Chosen(_inner.Elements(term, block, weights), block, _mask.Words(block), _excess, _rule, _weighted));

    private readonly struct Chosen(
        Eight inner, NoiseBlock block, NoiseWords words, ArrayView<float> excess, InclusionRule rule, int weighted) : IElements
    {
        private readonly Eight _inner = inner;
        private readonly NoiseBlock _block = block;
        private readonly NoiseWords _words = words;
        private readonly ArrayView<float> _excess = excess;
        private readonly InclusionRule _rule = rule;
        private readonly int _weighted = weighted;

        public float At(int index) => _block.Has(index)
            ? _inner.At(index) * _rule.Factor(_excess[_block.Index(index)], _words.Bits(index), _weighted != 0)
            : 0;
    }
}
