using ILGPU;

namespace IlZo.Kernels;

/// <summary>z + (θ̄ − θ)·s: <see cref="IlZo.Perturbations.SnapshotDirection"/>.</summary>
/// <param name="inner">z.</param>
/// <param name="kept">θ̄.</param>
/// <param name="scale">s.</param>
public readonly struct Snapshot<TFormat, TInner>(TInner inner, WeightView kept, float scale) : IDirection
    where TFormat : struct, IWeightFormat
    where TInner : struct, IDirection
{
    private readonly TInner _inner = inner;
    private readonly WeightView _kept = kept;
    private readonly float _scale = scale;

    public static bool IsPerturbed => true;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Moved(_inner.Elements(term, block, weights), WeightView.Read<TFormat>(_kept, block), weights, _scale));

    private readonly struct Moved(Eight inner, Eight kept, Eight weights, float scale) : IElements
    {
        private readonly Eight _inner = inner;
        private readonly Eight _kept = kept;
        private readonly Eight _weights = weights;
        private readonly float _scale = scale;

        public float At(int index) => DeviceMath.FusedMultiplyAdd(_kept.At(index) - _weights.At(index), _scale, _inner.At(index));
    }
}

/// <summary>rδ + s·d: <see cref="IlZo.Optimizers.OffsetDirection"/>.</summary>
/// <param name="inner">δ.</param>
/// <param name="radius">r.</param>
/// <param name="ahead">d of each element.</param>
/// <param name="share">s.</param>
public readonly struct Offset<TInner>(TInner inner, float radius, ArrayView<float> ahead, float share) : IDirection
    where TInner : struct, IDirection
{
    private readonly TInner _inner = inner;
    private readonly float _radius = radius;
    private readonly ArrayView<float> _ahead = ahead;
    private readonly float _share = share;

    public static bool IsPerturbed => true;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Moved(_inner.Elements(term, block, weights), block, _radius, _ahead, _share));

    private readonly struct Moved(Eight inner, NoiseBlock block, float radius, ArrayView<float> ahead, float share) : IElements
    {
        private readonly Eight _inner = inner;
        private readonly NoiseBlock _block = block;
        private readonly float _radius = radius;
        private readonly ArrayView<float> _ahead = ahead;
        private readonly float _share = share;

        public float At(int index) =>
            _block.Has(index) ? DeviceMath.FusedMultiplyAdd(_ahead[_block.Index(index)], _share, _inner.At(index) * _radius) : 0;
    }
}

/// <summary>A sum of directions as one: <see cref="IlZo.Perturbations.SumDirection"/>.</summary>
public readonly struct Sum<TInner>(Terms<TInner> terms) : IDirection
    where TInner : struct, IDirection
{
    private readonly Terms<TInner> _terms = terms;

    public static bool IsPerturbed => true;

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

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Moved(_gradient.Elements(term, block, weights), block, weights, _rule));

    private readonly struct Moved(Eight gradient, NoiseBlock block, Eight weights, TRule rule) : IElements
    {
        private readonly Eight _gradient = gradient;
        private readonly NoiseBlock _block = block;
        private readonly Eight _weights = weights;
        private readonly TRule _rule = rule;

        public float At(int index) =>
            _block.Has(index) ? _rule.Apply(_block.Index(index), _weights.At(index), _gradient.At(index)) - _weights.At(index) : 0;
    }
}

/// <summary>(θ − θ⁰) + δ: <see cref="IlZo.Optimizers.TravelDirection"/>.</summary>
/// <param name="move">δ.</param>
/// <param name="start">θ⁰.</param>
public readonly struct Travel<TFormat, TMove>(TMove move, WeightView start) : IDirection
    where TFormat : struct, IWeightFormat
    where TMove : struct, IDirection
{
    private readonly TMove _move = move;
    private readonly WeightView _start = start;

    public static bool IsPerturbed => true;

    public Eight Elements(Term term, NoiseBlock block, Eight weights) =>
        Eight.Of(new Distance(_move.Elements(term, block, weights), WeightView.Read<TFormat>(_start, block), weights));

    private readonly struct Distance(Eight move, Eight start, Eight weights) : IElements
    {
        private readonly Eight _move = move;
        private readonly Eight _start = start;
        private readonly Eight _weights = weights;

        public float At(int index) => (_weights.At(index) - _start.At(index)) + _move.At(index);
    }
}
