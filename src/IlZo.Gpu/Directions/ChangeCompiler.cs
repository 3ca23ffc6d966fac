using IlZo.Kernels;
using IlZo.Perturbations;
using IlZo.Tensors;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>
/// Turns directions that change others into what kernels take: their law around the type of the directions that they change.
/// </summary>
internal sealed class ChangeCompiler(DirectionCompiler compiler, NumbersCompiler numbers, SentArrays arrays)
{
    private DirectionCompiler Compiler => compiler;

    private NumbersCompiler Numbers => numbers;

    /// <summary>Finds the type of some directions of one kind.</summary>
    /// <exception cref="InvalidInputException">They differ in what a kernel takes once for all of them.</exception>
    public void Compile(ChangedDirection[] directions, Parameter parameter, IDirectionVisitor next)
    {
        if (Array.TrueForAll(directions, d => !d.Changes(parameter)))
        {
            compiler.Compile<IDirectionVisitor>(Inner(directions), parameter, next);
            return;
        }

        var law = new LawVisitor(this, directions, parameter, next);
        directions[0].Accept<float, DeviceMath, LawVisitor>(ref law);
    }

    private static Direction[] Inner(ChangedDirection[] directions) => Array.ConvertAll(directions, d => d.Inner);

    private ArrayView<float> Factors(
        ChangedDirection[] directions, Parameter parameter, int rows) => arrays.Send(directions[0], parameter, () =>
    {
        float[] factors = new float[directions.Length * rows];
        for (int i = 0; i < factors.Length; i++)
        {
            factors[i] = directions[i / rows].Factor(parameter, i % rows);
        }

        return factors;
    });

    private static void RequireOne(ChangedDirection[] directions, Predicate<ChangedDirection> has, string what)
    {
        if (!Array.TrueForAll(directions, has))
        {
            throw new InvalidInputException(
                $"A sum of {directions[0].GetType().Name}s that differ in the {what} of a tensor has no GPU kernel; one was expected.");
        }
    }

    private readonly struct LawVisitor(ChangeCompiler owner, ChangedDirection[] directions, Parameter parameter, IDirectionVisitor next)
        : IDirectionLawVisitor<float>
    {
        public void Visit<TLaw>(TLaw law)
            where TLaw : struct, IDirectionLaw<float>
        {
            RequireOne(directions, d => Comparison<TLaw>.IsLawOf(d, law), "law");
            var read = directions[0].Numbers(parameter);
            var p = parameter;
            RequireOne(directions, d => d.Numbers(p) == read, "numbers");
            int rows = directions[0].FactorCount(parameter);
            var factors = TLaw.HasFactor ? owner.Factors(directions, parameter, rows) : ArrayView<float>.Empty;
            owner.Numbers.Compile(
                read, parameter, new NumbersVisitor<TLaw>(owner.Compiler, directions, parameter, law, factors, rows, next));
        }
    }

    private readonly struct NumbersVisitor<TLaw>(
        DirectionCompiler compiler, ChangedDirection[] directions, Parameter parameter, TLaw law, ArrayView<float> factors, int rows,
        IDirectionVisitor next)
        : INumbersVisitor
        where TLaw : struct, IDirectionLaw<float>
    {
        public void Visit<TNumbers>(TNumbers numbers)
            where TNumbers : struct, INumbers =>
            compiler.Compile<IDirectionVisitor>(
                Inner(directions), parameter, new Around<TLaw, TNumbers>(law, numbers, factors, rows, next));
    }

    private sealed class Around<TLaw, TNumbers>(
        TLaw law, TNumbers numbers, ArrayView<float> factors, int rows, IDirectionVisitor next) : IDirectionVisitor
        where TLaw : struct, IDirectionLaw<float>
        where TNumbers : struct, INumbers
    {
        public void Visit<TDirection>(TDirection direction, ReadOnlySpan<NoiseSource> noise)
            where TDirection : struct, IDirection =>
            next.Visit(new Changed<TDirection, TLaw, TNumbers>(direction, law, numbers, factors, rows), noise);
    }

    // Whether a direction has the same law with the same numbers in it.
    private struct Comparison<TLaw>(TLaw law) : IDirectionLawVisitor<float>
        where TLaw : struct, IDirectionLaw<float>
    {
        private bool _isEqual;

        public static bool IsLawOf(ChangedDirection direction, TLaw law)
        {
            var comparison = new Comparison<TLaw>(law);
            direction.Accept<float, DeviceMath, Comparison<TLaw>>(ref comparison);
            return comparison._isEqual;
        }

        public void Visit<TOther>(TOther other)
            where TOther : struct, IDirectionLaw<float> => _isEqual = other.Equals(law);
    }
}
