using IlZo.Perturbations;
using ILGPU;

namespace IlZo.Kernels;

/// <summary>A direction with each element in by chance, or left out: <see cref="BernoulliDirection"/>.</summary>
/// <param name="inner">The direction.</param>
/// <param name="mask">The field that decides.</param>
/// <param name="excess">Sᵢ − 1 of each element.</param>
/// <param name="rule">πᵢ.</param>
/// <param name="weighted">1 where elements that are in are divided by πᵢ, else 0.</param>
internal readonly struct Bernoulli<TInner>(
    TInner inner, NoiseSource mask, ArrayView<float> excess, InclusionRule rule, int weighted) : IDirection
    where TInner : struct, IDirection
{
    private readonly TInner _inner = inner;
    private readonly NoiseSource _mask = mask;
    private readonly ArrayView<float> _excess = excess;
    private readonly InclusionRule _rule = rule;
    private readonly int _weighted = weighted;

    public static bool IsPerturbed => true;

    public static bool ReadsWeights => TInner.ReadsWeights;

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
