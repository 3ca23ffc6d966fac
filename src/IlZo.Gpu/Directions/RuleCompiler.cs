using IlZo.Kernels;
using IlZo.Optimizers;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Gpu;

/// <summary>Something to do with a rule once its type in kernels is known.</summary>
internal interface IRuleVisitor
{
    void Visit<TRule>(TRule rule)
        where TRule : struct, IRule;
}

/// <summary>Turns update rules into what kernels take.</summary>
internal static class RuleCompiler
{
    /// <summary>Finds the type of a rule for a tensor.</summary>
    /// <exception cref="InvalidInputException">There is no kernel for the rule.</exception>
    public static void Compile(UpdateRule rule, Parameter p, double learningRate, DeviceState state, IRuleVisitor visitor)
    {
        float kept = rule.Kept(p, learningRate) ?? 1;
        var step = new SgdRule(kept, (float)learningRate);
        switch (rule)
        {
            case Sgd:
            case Momentum momentum when !momentum.State.Has(p):
            case VectorAverage average when !average.State.Has(p):
            case Rescaling rescaling when rescaling.Change(p) == 0:
                visitor.Visit(step);
                break;
            case Momentum momentum:
                visitor.Visit(new MomentumRule(state.State(momentum.State, p), momentum.Beta, step));
                break;
            case VectorAverage average:
                visitor.Visit(new AverageRule(state.State(average.State, p), (float)average.Keep, (float)(1 - average.Keep), step));
                break;
            case Adam adam:
                visitor.Visit(new AdamRule(state.State(adam.State.M, p), state.State(adam.State.V, p), Numbers(adam), step));
                break;
            case RAdaZo adaptive:
                visitor.Visit(new RAdaRule(state.State(adaptive.State.M, p), state.State(adaptive.State.V, p), Numbers(adaptive), step));
                break;
            case DiagonalScaling diagonal:
                var n = diagonal.Numbers;
                visitor.Visit(new DiagonalRule(state.State(diagonal.Excess, p), n.Decay, n.Growth, n.Coefficient, step));
                break;
            case AveragedIterate iterate:
                visitor.Visit(new AveragedIterateRule(state.State(iterate.Ahead, p), iterate.Share, kept, (float)learningRate));
                break;
            case ElementScores scores:
                visitor.Visit(new ScoreRule(state.State(scores.State, p), scores.Square));
                break;
            case Rescaling rescaling:
                Specialization.Choose(p.Type, new RescalingChoice(state.Start(rescaling.Start, p), rescaling.Change(p), step, visitor));
                break;
            default:
                throw new InvalidInputException($"The update rule {rule.GetType().Name} has no GPU kernel; a rule of one of the methods was expected.");
        }
    }

    private static AdamNumbers Numbers(Adam adam)
    {
        var n = adam.Numbers;
        return new AdamNumbers
        {
            Beta1 = n.Beta1,
            Rest1 = n.Rest1,
            Beta2 = n.Beta2,
            Rest2 = n.Rest2,
            Delta = n.Delta,
            Correction1 = n.Correction1,
            Correction2 = n.Correction2,
        };
    }

    private static RAdaNumbers Numbers(RAdaZo adaptive)
    {
        var n = adaptive.Numbers;
        return new RAdaNumbers { Beta1 = n.Beta1, Rest1 = n.Rest1, Beta2 = n.Beta2, Rest2 = n.Rest2, Zeta = n.Zeta };
    }

    private readonly struct RescalingChoice(WeightView start, float change, SgdRule step, IRuleVisitor visitor) : IFormatVisitor
    {
        public void Visit<TFormat>()
            where TFormat : struct, IWeightFormat => visitor.Visit(new RescalingRule<TFormat>(start, change, step));
    }
}
