using IlZo.Perturbations;
using ILGPU;

namespace IlZo.Kernels;

/// <summary>A direction after a law of its elements: <see cref="ChangedDirection"/>.</summary>
/// <param name="inner">The direction that is changed.</param>
/// <param name="law">The law.</param>
/// <param name="numbers">What the law reads beside the weight.</param>
/// <param name="factors">The factors of each term: one, or one for each row.</param>
/// <param name="rows">The factors of a term.</param>
public readonly struct Changed<TInner, TLaw, TNumbers>(
    TInner inner, TLaw law, TNumbers numbers, ArrayView<float> factors, int rows) : IDirection
    where TInner : struct, IDirection
    where TLaw : struct, IDirectionLaw<float>
    where TNumbers : struct, INumbers
{
    private readonly TInner _inner = inner;
    private readonly TLaw _law = law;
    private readonly TNumbers _numbers = numbers;
    private readonly ArrayView<float> _factors = factors;
    private readonly int _rows = rows;

    public static bool IsPerturbed => true;

    public static bool ReadsWeights => TLaw.ReadsWeight || TInner.ReadsWeights;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Element(_inner.Elements(term, block, weights), weights, block, _law, _numbers, Factor(term, block)));

    private float Factor(Term term, NoiseBlock block) =>
        TLaw.HasFactor ? _factors[((long)term.Number * _rows) + (_rows == 1 ? 0 : block.Row)] : 1;

    private readonly struct Element(Eight inner, Eight weights, NoiseBlock block, TLaw law, TNumbers numbers, float factor) : IElements
    {
        private readonly Eight _inner = inner;
        private readonly Eight _weights = weights;
        private readonly NoiseBlock _block = block;
        private readonly TLaw _law = law;
        private readonly TNumbers _numbers = numbers;
        private readonly float _factor = factor;

        public float At(int index) => _law.Apply(_inner.At(index), _weights.At(index), Number(index), _factor);

        private float Number(int index) =>
            TNumbers.AreThere && _block.Has(index) ? _numbers.Load(_block.Index(index), _block.Column(index)) : 0;
    }
}

/// <summary>A sum of directions as one: <see cref="SumDirection"/>.</summary>
public readonly struct Sum<TInner>(Terms<TInner> terms) : IDirection
    where TInner : struct, IDirection
{
    private readonly Terms<TInner> _terms = terms;

    public static bool IsPerturbed => true;

    public static bool ReadsWeights => TInner.ReadsWeights;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) => _terms.Sum(block, weights);
}

/// <summary>Where a rule would take the weights, rule(θ, g) − θ: <see cref="IlZo.Optimizers.MoveDirection"/>.</summary>
/// <param name="gradient">g.</param>
/// <param name="rule">The rule, which keeps nothing.</param>
public readonly struct Move<TRule, TInner>(TInner gradient, TRule rule) : IDirection
    where TRule : struct, IRule
    where TInner : struct, IDirection
{
    private readonly TInner _gradient = gradient;
    private readonly TRule _rule = rule;

    public static bool IsPerturbed => true;

    public static bool ReadsWeights => true;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Moved(_gradient.Elements(term, block, weights), block, weights, _rule));

    private readonly struct Moved(Eight gradient, NoiseBlock block, Eight weights, TRule rule) : IElements
    {
        private readonly Eight _gradient = gradient;
        private readonly NoiseBlock _block = block;
        private readonly Eight _weights = weights;
        private readonly TRule _rule = rule;

        public float At(int index) =>
            !TRule.HasNumbers || _block.Has(index)
                ? _rule.Apply(_block.Index(index), _block.Column(index), _weights.At(index), _gradient.At(index)) - _weights.At(index)
                : 0;
    }
}
