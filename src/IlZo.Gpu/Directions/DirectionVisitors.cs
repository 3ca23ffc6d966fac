using IlZo.Kernels;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>Each of these puts what changes a direction around the type of the direction that it changes.</summary>
internal sealed class BernoulliVisitor(BernoulliDirection d, NoiseSource mask, ArrayView<float> excess, IDirectionVisitor next)
    : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, ReadOnlySpan<NoiseSource> noise)
        where TDirection : struct, IDirection =>
        next.Visit(new Bernoulli<TDirection>(direction, mask, excess, d.Rule, d.Weighted ? 1 : 0), noise);
}

internal sealed class MoveVisitor(MoveDirection d, Parameter parameter, RuleCompiler rules, IDirectionVisitor next) : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, ReadOnlySpan<NoiseSource> noise)
        where TDirection : struct, IDirection =>
        rules.Compile(d.Rule, parameter, d.LearningRate, new Around<TDirection>(direction, noise.ToArray(), next));

    private sealed class Around<TDirection>(TDirection direction, NoiseSource[] noise, IDirectionVisitor next) : IRuleVisitor
        where TDirection : struct, IDirection
    {
        public void Visit<TRule>(TRule rule)
            where TRule : struct, IRule => next.Visit(new Move<TRule, TDirection>(direction, rule), noise);
    }
}

internal sealed class SumVisitor(
    SumDirection d,
    IReadOnlyList<(double Coefficient, Direction Direction)> terms,
    Parameter parameter,
    SentArrays arrays,
    IDirectionVisitor next)
    : IDirectionVisitor
{
    public void Visit<TDirection>(TDirection direction, ReadOnlySpan<NoiseSource> noise)
        where TDirection : struct, IDirection
    {
        var kept = noise.ToArray();
        var sent = arrays.Send(d, parameter, () => kept.Select((n, i) => new Term(n, (float)terms[i].Coefficient, i)).ToArray());
        next.Visit(new Sum<TDirection>(new Terms<TDirection> { Direction = direction, List = sent }), new NoiseSource[1]);
    }
}
