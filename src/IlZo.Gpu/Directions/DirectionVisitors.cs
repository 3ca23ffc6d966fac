using IlZo.Kernels;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>Each of these puts what changes a direction around the type of the direction that it changes.</summary>
internal sealed class ScaledVisitor(ArrayView<float> scales, IDirectionVisitor next) : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
        where TDirection : struct, IDirection => next.Visit(new Scaled<TDirection>(direction, scales), noise);
}

internal sealed class SmallWeightsVisitor(float threshold, IDirectionVisitor next) : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
        where TDirection : struct, IDirection => next.Visit(new SmallWeights<TDirection>(direction, threshold), noise);
}

internal sealed class RankOneVisitor(ArrayView<float> vector, ArrayView<float> factors, int rows, IDirectionVisitor next) : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
        where TDirection : struct, IDirection => next.Visit(new RankOne<TDirection>(direction, vector, factors, rows), noise);
}

internal sealed class InverseRootVisitor(ArrayView<float> excess, IDirectionVisitor next) : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
        where TDirection : struct, IDirection => next.Visit(new InverseRoot<TDirection>(direction, excess), noise);
}

internal sealed class BernoulliVisitor(BernoulliDirection d, NoiseSource mask, ArrayView<float> excess, IDirectionVisitor next) : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
        where TDirection : struct, IDirection => next.Visit(new Bernoulli<TDirection>(direction, mask, excess, d.Rule, d.Weighted ? 1 : 0), noise);
}

internal sealed class OffsetVisitor(OffsetDirection d, ArrayView<float> ahead, IDirectionVisitor next) : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
        where TDirection : struct, IDirection => next.Visit(new Offset<TDirection>(direction, d.Radius, ahead, d.Iterate.Share), noise);
}

internal sealed class SnapshotVisitor(DType type, WeightView kept, float scale, IDirectionVisitor next) : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
        where TDirection : struct, IDirection => Specialization.Choose(type, new Choice<TDirection>(direction, noise, kept, scale, next));

    private readonly struct Choice<TDirection>(
        TDirection direction, NoiseSource[] noise, WeightView kept, float scale, IDirectionVisitor next) : IFormatVisitor
        where TDirection : struct, IDirection
    {
        public void Visit<TFormat>()
            where TFormat : struct, IWeightFormat => next.Visit(new Snapshot<TFormat, TDirection>(direction, kept, scale), noise);
    }
}

internal sealed class TravelVisitor(DType type, WeightView start, IDirectionVisitor next) : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
        where TDirection : struct, IDirection => Specialization.Choose(type, new Choice<TDirection>(direction, noise, start, next));

    private readonly struct Choice<TDirection>(TDirection direction, NoiseSource[] noise, WeightView start, IDirectionVisitor next) : IFormatVisitor
        where TDirection : struct, IDirection
    {
        public void Visit<TFormat>()
            where TFormat : struct, IWeightFormat => next.Visit(new Travel<TFormat, TDirection>(direction, start), noise);
    }
}

internal sealed class MoveVisitor(MoveDirection d, Parameter parameter, DeviceState state, IDirectionVisitor next) : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
        where TDirection : struct, IDirection =>
        RuleCompiler.Compile(d.Rule, parameter, d.LearningRate, state, new Around<TDirection>(direction, noise, next));

    private sealed class Around<TDirection>(TDirection direction, NoiseSource[] noise, IDirectionVisitor next) : IRuleVisitor
        where TDirection : struct, IDirection
    {
        public void Visit<TRule>(TRule rule)
            where TRule : struct, IRule => next.Visit(new Move<TRule, TDirection>(direction, rule), noise);
    }
}

internal sealed class SumVisitor(
    SumDirection d, IReadOnlyList<(double Coefficient, Direction Direction)> terms, Parameter parameter, SentArrays arrays, IDirectionVisitor next)
    : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
        where TDirection : struct, IDirection
    {
        var sent = arrays.Send(d, parameter, () => noise.Select((n, i) => new Term(n, (float)terms[i].Coefficient, i)).ToArray());
        next.Visit(new Sum<TDirection>(new Terms<TDirection> { Direction = direction, List = sent }), new NoiseSource[1]);
    }
}
