using ILGPU;

namespace IlZo.Kernels;

/// <summary>What an update makes of a weight and its gradient.</summary>
public interface IRule
{
    /// <param name="index">The element's number in its tensor.</param>
    /// <param name="weight">The weight.</param>
    /// <param name="gradient">Its estimated gradient.</param>
    /// <returns>The new weight, before it is rounded.</returns>
    float Apply(long index, float weight, float gradient);
}

/// <summary>θ ← kθ − ηĝ with k = 1 − ηλ.</summary>
public readonly struct SgdRule(float kept, float rate) : IRule
{
    private readonly float _kept = kept;
    private readonly float _rate = rate;

    // −0 + 0·ĝ may be +0: without this a rate of zero would change bytes.
    public float Apply(long index, float weight, float gradient) =>
        _rate == 0 ? weight : DeviceMath.FusedMultiplyAdd(gradient, -_rate, weight * _kept);
}

/// <summary>m ← βm + ĝ, θ ← kθ − ηm.</summary>
public readonly struct MomentumRule(ArrayView<float> m, float beta, SgdRule step) : IRule
{
    private readonly ArrayView<float> _m = m;
    private readonly float _beta = beta;
    private readonly SgdRule _step = step;

    public float Apply(long index, float weight, float gradient)
    {
        float moved = DeviceMath.FusedMultiplyAdd(_m[index], _beta, gradient);
        _m[index] = moved;
        return _step.Apply(index, weight, moved);
    }
}

/// <summary>The numbers of <see cref="IlZo.Optimizers.Adam"/>.</summary>
public struct AdamNumbers
{
    public float Beta1;
    public float Rest1;
    public float Beta2;
    public float Rest2;
    public float Delta;
    public float Correction1;
    public float Correction2;
}

/// <summary>m ← β₁m + (1 − β₁)ĝ, v ← β₂v + (1 − β₂)ĝ², θ ← kθ − η m̂/(√v̂ + δ).</summary>
public readonly struct AdamRule(ArrayView<float> m, ArrayView<float> v, AdamNumbers numbers, SgdRule step) : IRule
{
    private readonly ArrayView<float> _m = m;
    private readonly ArrayView<float> _v = v;
    private readonly AdamNumbers _n = numbers;
    private readonly SgdRule _step = step;

    public float Apply(long index, float weight, float gradient)
    {
        float m = DeviceMath.FusedMultiplyAdd(gradient, _n.Rest1, _m[index] * _n.Beta1);
        float v = DeviceMath.FusedMultiplyAdd(gradient * gradient, _n.Rest2, _v[index] * _n.Beta2);
        _m[index] = m;
        _v[index] = v;
        float root = MathF.Sqrt(v * _n.Correction2) + _n.Delta;
        return _step.Apply(index, weight, m / root * _n.Correction1);
    }
}

/// <summary>The numbers of <see cref="IlZo.Optimizers.RAdaZo"/>.</summary>
public struct RAdaNumbers
{
    public float Beta1;
    public float Rest1;
    public float Beta2;
    public float Rest2;
    public float Zeta;
}

/// <summary>m ← β₁m + (1 − β₁)ĝ, v ← β₂v + (1 − β₂)m², θ ← kθ − η m/√(v + ζ).</summary>
public readonly struct RAdaRule(ArrayView<float> m, ArrayView<float> v, RAdaNumbers numbers, SgdRule step) : IRule
{
    private readonly ArrayView<float> _m = m;
    private readonly ArrayView<float> _v = v;
    private readonly RAdaNumbers _n = numbers;
    private readonly SgdRule _step = step;

    public float Apply(long index, float weight, float gradient)
    {
        float m = DeviceMath.FusedMultiplyAdd(gradient, _n.Rest1, _m[index] * _n.Beta1);
        float v = DeviceMath.FusedMultiplyAdd(m * m, _n.Rest2, _v[index] * _n.Beta2);
        _m[index] = m;
        _v[index] = v;
        return _step.Apply(index, weight, m / MathF.Sqrt(v + _n.Zeta));
    }
}

/// <summary>m ← βm + (1 − β)ĝ, θ ← kθ − ηm.</summary>
public readonly struct AverageRule(ArrayView<float> m, float keep, float rest, SgdRule step) : IRule
{
    private readonly ArrayView<float> _m = m;
    private readonly float _keep = keep;
    private readonly float _rest = rest;
    private readonly SgdRule _step = step;

    public float Apply(long index, float weight, float gradient)
    {
        float m = DeviceMath.FusedMultiplyAdd(gradient, _rest, _m[index] * _keep);
        _m[index] = m;
        return _step.Apply(index, weight, m);
    }
}

/// <summary>SGD, and then θ ← θ + (ρ − 1)(θ − θ⁰): <see cref="IlZo.Optimizers.Rescaling"/>.</summary>
/// <param name="start">θ⁰.</param>
/// <param name="change">ρ − 1.</param>
/// <param name="step">The step before.</param>
public readonly struct RescalingRule<TFormat>(WeightView start, float change, SgdRule step) : IRule
    where TFormat : struct, IWeightFormat
{
    private readonly WeightView _start = start;
    private readonly float _change = change;
    private readonly SgdRule _step = step;

    public float Apply(long index, float weight, float gradient)
    {
        float moved = _step.Apply(index, weight, gradient);
        return DeviceMath.FusedMultiplyAdd(moved - TFormat.Load(_start, index), _change, moved);
    }
}

/// <summary>d ← d − ηĝ, θ ← kθ + sd, d ← (1 − s)d: <see cref="IlZo.Optimizers.AveragedIterate"/>.</summary>
/// <param name="ahead">d.</param>
/// <param name="share">s.</param>
/// <param name="kept">k.</param>
/// <param name="rate">η; with 0 nothing changes.</param>
public readonly struct AveragedIterateRule(ArrayView<float> ahead, float share, float kept, float rate) : IRule
{
    private readonly ArrayView<float> _ahead = ahead;
    private readonly float _share = share;
    private readonly float _kept = kept;
    private readonly float _rate = rate;

    public float Apply(long index, float weight, float gradient)
    {
        if (_rate == 0)
        {
            return weight;
        }

        float ahead = DeviceMath.FusedMultiplyAdd(gradient, -_rate, _ahead[index]);
        _ahead[index] = ahead * (1 - _share);
        return DeviceMath.FusedMultiplyAdd(ahead, _share, weight * _kept);
    }
}

/// <summary>e ← e + (1 + e)(gz² − α), θ ← kθ − η c z/√(1 + e), where z is given: <see cref="IlZo.Optimizers.DiagonalScaling"/>.</summary>
/// <param name="excess">e.</param>
/// <param name="decay">α; with 0 nothing is learned.</param>
/// <param name="growth">g.</param>
/// <param name="coefficient">c.</param>
/// <param name="step">The step.</param>
public readonly struct DiagonalRule(ArrayView<float> excess, float decay, float growth, float coefficient, SgdRule step) : IRule
{
    private readonly ArrayView<float> _excess = excess;
    private readonly float _decay = decay;
    private readonly float _growth = growth;
    private readonly float _coefficient = coefficient;
    private readonly SgdRule _step = step;

    public float Apply(long index, float weight, float gradient)
    {
        float excess = _excess[index];
        if (_decay != 0)
        {
            float change = DeviceMath.FusedMultiplyAdd(gradient * _growth, gradient, -_decay);
            excess = MathF.Max(excess + DeviceMath.FusedMultiplyAdd(excess, change, change), Optimizers.DiagonalScaling.Least);
            _excess[index] = excess;
        }

        return _step.Apply(index, weight, gradient / MathF.Sqrt(excess + 1) * _coefficient);
    }
}

/// <summary>e ← e + β(gv² − (e + 1)) where the given v is not 0, and θ stays: <see cref="IlZo.Optimizers.ElementScores"/>.</summary>
/// <param name="excess">e.</param>
/// <param name="square">g.</param>
public readonly struct ScoreRule(ArrayView<float> excess, float square) : IRule
{
    private readonly ArrayView<float> _excess = excess;
    private readonly float _square = square;

    public float Apply(long index, float weight, float gradient)
    {
        if (gradient != 0)
        {
            float excess = _excess[index];
            float change = DeviceMath.FusedMultiplyAdd(_square * gradient, gradient, -(excess + 1));
            _excess[index] = DeviceMath.FusedMultiplyAdd(Optimizers.ElementScores.Beta, change, excess);
        }

        return weight;
    }
}
