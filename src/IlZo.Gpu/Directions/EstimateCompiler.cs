using System.Runtime.InteropServices;
using IlZo.Kernels;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>Something to do with an estimate in one tensor once the type of its directions is known.</summary>
internal interface IEstimateVisitor
{
    void Visit<TDirection>(Parameter parameter, Terms<TDirection> estimate)
        where TDirection : struct, IDirection;
}

/// <summary>
/// Turns gradient estimates into what kernels take. All terms of all tensors are in one array, so that one copy carries them before the
/// first kernel: directions are compiled once for their terms, and once more for the kernels. The lists are used again in each update.
/// </summary>
internal sealed class EstimateCompiler(DirectionCompiler directions, Transfers transfers)
{
    private readonly List<Direction> _covering = [];
    private readonly List<float> _coefficients = [];
    private readonly List<Term> _terms = [];
    private ArrayView<Term> _sent;
    private int _taken;

    /// <summary>Visits some tensors with the part of an estimate that covers them.</summary>
    /// <exception cref="InvalidInputException">There is no kernel for such an estimate.</exception>
    public void Compile<TVisitor>(IReadOnlyList<Parameter> parameters, GradientEstimate estimate, TVisitor visitor)
        where TVisitor : struct, IEstimateVisitor
    {
        _terms.Clear();
        for (int i = 0; i < parameters.Count; i++)
        {
            CompileTensor(parameters[i], estimate, new Collector(_terms, _coefficients));
        }

        _sent = transfers.Send<Term>(CollectionsMarshal.AsSpan(_terms));
        _taken = 0;
        for (int i = 0; i < parameters.Count; i++)
        {
            CompileTensor(parameters[i], estimate, new Launcher<TVisitor>(this, visitor, parameters[i]));
        }
    }

    // The terms of the next tensor.
    private ArrayView<Term> Take(int count)
    {
        if (count == 0)
        {
            return ArrayView<Term>.Empty;
        }

        var terms = _sent.SubView(_taken, count);
        _taken += count;
        return terms;
    }

    private void CompileTensor<TVisitor>(Parameter parameter, GradientEstimate estimate, TVisitor visitor)
        where TVisitor : IDirectionVisitor
    {
        _covering.Clear();
        _coefficients.Clear();
        for (int i = 0; i < estimate.Terms.Count; i++)
        {
            var (coefficient, direction) = estimate.Terms[i];
            if (direction.Covers(parameter))
            {
                _covering.Add(direction);
                _coefficients.Add((float)coefficient);
            }
        }

        if (_covering.Count == 0)
        {
            visitor.Visit(default(NoDirection), []);
        }
        else
        {
            directions.Compile(CollectionsMarshal.AsSpan(_covering), parameter, visitor);
        }
    }

    private readonly struct Collector(List<Term> terms, List<float> coefficients) : IDirectionVisitor
    {
        public void Visit<TDirection>(TDirection direction, ReadOnlySpan<NoiseSource> noise)
            where TDirection : struct, IDirection
        {
            for (int i = 0; i < noise.Length; i++)
            {
                terms.Add(new Term(noise[i], coefficients[i], i));
            }
        }
    }

    private readonly struct Launcher<TVisitor>(EstimateCompiler owner, TVisitor visitor, Parameter parameter) : IDirectionVisitor
        where TVisitor : struct, IEstimateVisitor
    {
        public void Visit<TDirection>(TDirection direction, ReadOnlySpan<NoiseSource> noise)
            where TDirection : struct, IDirection =>
            visitor.Visit(parameter, new Terms<TDirection> { Direction = direction, List = owner.Take(noise.Length) });
    }
}
