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
    public void Compile<TVisitor>(UpdateRule rule, Parameter parameter, double learningRate, TVisitor visitor)
        where TVisitor : IRuleVisitor
    {
        var step = new StepLaw<float, DeviceMath>(rule.Kept(parameter, learningRate) ?? 1, (float)learningRate);
        var law = new LawVisitor<TVisitor>(numbers, parameter, visitor);
        rule.Accept<float, DeviceMath, LawVisitor<TVisitor>>(parameter, step, ref law);
    }

    private readonly struct LawVisitor<TVisitor>(NumbersCompiler numbers, Parameter parameter, TVisitor visitor) : IUpdateLawVisitor<float>
        where TVisitor : IRuleVisitor
    {
        public void Visit<TLaw>(TLaw law, ElementNumbers first, ElementNumbers second)
            where TLaw : struct, IUpdateLaw<float> =>
            numbers.Compile(first, parameter, new FirstVisitor<TLaw, TVisitor>(numbers, parameter, law, second, visitor));
    }

    private readonly struct FirstVisitor<TLaw, TVisitor>(
        NumbersCompiler numbers, Parameter parameter, TLaw law, ElementNumbers second, TVisitor visitor)
        : INumbersVisitor
        where TLaw : struct, IUpdateLaw<float>
        where TVisitor : IRuleVisitor
    {
        public void Visit<TFirst>(TFirst first)
            where TFirst : struct, INumbers =>
            numbers.Compile(second, parameter, new SecondVisitor<TLaw, TFirst, TVisitor>(law, first, visitor));
    }

    private readonly struct SecondVisitor<TLaw, TFirst, TVisitor>(TLaw law, TFirst first, TVisitor visitor) : INumbersVisitor
        where TLaw : struct, IUpdateLaw<float>
        where TFirst : struct, INumbers
        where TVisitor : IRuleVisitor
    {
        public void Visit<TSecond>(TSecond second)
            where TSecond : struct, INumbers => visitor.Visit(new LawRule<TLaw, TFirst, TSecond>(law, first, second));
    }
}
