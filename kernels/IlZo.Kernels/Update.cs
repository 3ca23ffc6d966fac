using IlZo.Noise;
using ILGPU;

namespace IlZo.Kernels;

/// <summary>A term of a gradient estimate: c·δ.</summary>
/// <param name="noise">δ.</param>
/// <param name="coefficient">c.</param>
public readonly struct UpdateTerm(NoiseSource noise, float coefficient)
{
    public readonly NoiseSource Noise = noise;
    public readonly float Coefficient = coefficient;
}

/// <summary>What <see cref="Update"/> takes.</summary>
public struct UpdateArguments
{
    public WeightView Weights;
    public int Rows;
    public int Columns;

    /// <summary>The terms, added in this order.</summary>
    public ArrayView<UpdateTerm> Terms;

    /// <summary>The coefficients of the normal transform.</summary>
    public ArrayView<float> Table;

    /// <summary>Where the bits for rounding come from.</summary>
    public NoiseSource Rounding;
}

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

/// <summary>
/// θ ← rule(θ, Σ cᵢ δᵢ), rounded stochastically to the stored type. A thread takes a noise block: 8 elements. The bits are those of the update on the
/// CPU, as long as the rule has only multiplications and additions.
/// </summary>
public static class Update
{
    public static void Run<TFormat, TDirection, TRule>(UpdateArguments a, TRule rule)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TRule : struct, IRule
    {
        int blocksOfRow = a.Rounding.GroupsPerRow * NoiseField.BlocksPerGroup;
        long blocks = (long)a.Rows * blocksOfRow;
        for (long item = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; item < blocks; item += (long)Grid.DimX * Group.DimX)
        {
            int row = (int)(item / blocksOfRow);
            int group = (int)(item % blocksOfRow) / NoiseField.BlocksPerGroup;
            int block = (int)(item % NoiseField.BlocksPerGroup);
            var gradient = default(Eight);
            for (int term = 0; term < a.Terms.Length; term++)
            {
                var t = a.Terms[term];
                var words = t.Noise.Block(row, group, block);
                gradient = Add<TDirection>(gradient, t, words, a.Table);
            }

            var random = a.Rounding.Block(row, group, block);
            for (int i = 0; i < NoiseWords.Count; i++)
            {
                int column = (group * NoiseField.Group) + NoiseWords.Column(block, i);
                if (column < a.Columns)
                {
                    long index = ((long)row * a.Columns) + column;
                    float weight = rule.Apply(index, TFormat.Load(a.Weights, index), gradient.At(i));
                    TFormat.Store(a.Weights, index, weight, random.Bits(i));
                }
            }
        }
    }

    private static Eight Add<TDirection>(Eight sum, UpdateTerm t, NoiseWords words, ArrayView<float> table)
        where TDirection : struct, IDirection => new(
            DeviceMath.FusedMultiplyAdd(TDirection.Element(words.Bits(0), t.Noise.Scale, table), t.Coefficient, sum.V0),
            DeviceMath.FusedMultiplyAdd(TDirection.Element(words.Bits(1), t.Noise.Scale, table), t.Coefficient, sum.V1),
            DeviceMath.FusedMultiplyAdd(TDirection.Element(words.Bits(2), t.Noise.Scale, table), t.Coefficient, sum.V2),
            DeviceMath.FusedMultiplyAdd(TDirection.Element(words.Bits(3), t.Noise.Scale, table), t.Coefficient, sum.V3),
            DeviceMath.FusedMultiplyAdd(TDirection.Element(words.Bits(4), t.Noise.Scale, table), t.Coefficient, sum.V4),
            DeviceMath.FusedMultiplyAdd(TDirection.Element(words.Bits(5), t.Noise.Scale, table), t.Coefficient, sum.V5),
            DeviceMath.FusedMultiplyAdd(TDirection.Element(words.Bits(6), t.Noise.Scale, table), t.Coefficient, sum.V6),
            DeviceMath.FusedMultiplyAdd(TDirection.Element(words.Bits(7), t.Noise.Scale, table), t.Coefficient, sum.V7));

    /// <summary>The gradient of a block's elements.</summary>
    private readonly struct Eight(float v0, float v1, float v2, float v3, float v4, float v5, float v6, float v7)
    {
        public readonly float V0 = v0;
        public readonly float V1 = v1;
        public readonly float V2 = v2;
        public readonly float V3 = v3;
        public readonly float V4 = v4;
        public readonly float V5 = v5;
        public readonly float V6 = v6;
        public readonly float V7 = v7;

        public float At(int index)
        {
            float lower = (index & 1) == 0 ? ((index & 2) == 0 ? V0 : V2) : ((index & 2) == 0 ? V1 : V3);
            float upper = (index & 1) == 0 ? ((index & 2) == 0 ? V4 : V6) : ((index & 2) == 0 ? V5 : V7);
            return index < 4 ? lower : upper;
        }
    }
}
