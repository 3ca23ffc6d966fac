using IlZo.Kernels;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Gpu;

/// <summary>Something to do with a rule once its type in kernels is known.</summary>
internal interface IRuleVisitor
{
    void Visit<TRule>(TRule rule)
        where TRule : struct, IRule;
}

/// <summary>Turns update rules into what kernels take: their laws over single numbers.</summary>
internal sealed class RuleCompiler(NumbersCompiler numbers)
{
    /// <summary>Finds the type of a rule for a tensor.</summary>
    public void Compile(UpdateRule rule, Parameter parameter, double learningRate, IRuleVisitor visitor)
    {
        var step = new StepLaw<float, DeviceMath>(rule.Kept(parameter, learningRate) ?? 1, (float)learningRate);
        var law = new LawVisitor(numbers, parameter, visitor);
        rule.Accept<float, DeviceMath, LawVisitor>(parameter, step, ref law);
    }

    private readonly struct LawVisitor(NumbersCompiler numbers, Parameter parameter, IRuleVisitor visitor) : IUpdateLawVisitor<float>
    {
        public void Visit<TLaw>(TLaw law, ElementNumbers first, ElementNumbers second)
            where TLaw : struct, IUpdateLaw<float> =>
            numbers.Compile(first, parameter, new FirstVisitor<TLaw>(numbers, parameter, law, second, visitor));
    }

    private readonly struct FirstVisitor<TLaw>(
        NumbersCompiler numbers, Parameter parameter, TLaw law, ElementNumbers second, IRuleVisitor visitor)
        : INumbersVisitor
        where TLaw : struct, IUpdateLaw<float>
    {
        public void Visit<TFirst>(TFirst first)
            where TFirst : struct, INumbers => numbers.Compile(second, parameter, new SecondVisitor<TLaw, TFirst>(law, first, visitor));
    }

    private readonly struct SecondVisitor<TLaw, TFirst>(TLaw law, TFirst first, IRuleVisitor visitor) : INumbersVisitor
        where TLaw : struct, IUpdateLaw<float>
        where TFirst : struct, INumbers
    {
        public void Visit<TSecond>(TSecond second)
            where TSecond : struct, INumbers => visitor.Visit(new LawRule<TLaw, TFirst, TSecond>(law, first, second));
    }
}
