using IlZo.Kernels;
using IlZo.Optimizers;
using IlZo.Tensors;
using ILGPU;
using IlZo.Updates;

namespace IlZo.Gpu;

/// <summary>Something to do with an estimate in one tensor once the type of its directions is known.</summary>
internal interface IEstimateVisitor
{
    void Visit<TDirection>(Parameter parameter, Terms<TDirection> estimate)
        where TDirection : struct, IDirection;
}

/// <summary>Turns gradient estimates into what kernels take.</summary>
internal sealed class EstimateCompiler(DirectionCompiler directions, Transfers transfers)
{
    /// <summary>Visits some tensors with the part of an estimate that covers them.</summary>
    /// <exception cref="InvalidInputException">There is no kernel for such an estimate.</exception>
    public void Compile(IReadOnlyList<Parameter> parameters, GradientEstimate estimate, IEstimateVisitor visitor)
    {
        var parts = new List<Part>();
        foreach (var p in parameters)
        {
            var covering = estimate.Terms.Where(t => t.Direction.Covers(p)).ToList();
            var collector = new Collector(p, [.. covering.Select(t => (float)t.Coefficient)], parts);
            if (covering.Count == 0)
            {
                collector.Visit(default(NoDirection), []);
            }
            else
            {
                directions.Compile([.. covering.Select(t => t.Direction)], p, collector);
            }
        }

        // All terms of all tensors in one array, so that one copy carries them.
        var sent = transfers.Send<Term>([.. parts.SelectMany(p => p.Terms)]);
        int first = 0;
        foreach (var part in parts)
        {
            part.Accept(visitor, part.Terms.Length == 0 ? ArrayView<Term>.Empty : sent.SubView(first, part.Terms.Length));
            first += part.Terms.Length;
        }
    }

    private sealed class Collector(Parameter parameter, float[] coefficients, List<Part> parts) : IDirectionVisitor
    {
        public void Visit<TDirection>(TDirection direction, NoiseSource[] noise)
            where TDirection : struct, IDirection =>
            parts.Add(new Part<TDirection>(parameter, direction, [.. noise.Select((n, i) => new Term(n, coefficients[i], i))]));
    }

    private abstract class Part(Term[] terms)
    {
        public Term[] Terms => terms;

        public abstract void Accept(IEstimateVisitor visitor, ArrayView<Term> sent);
    }

    private sealed class Part<TDirection>(Parameter parameter, TDirection direction, Term[] terms) : Part(terms)
        where TDirection : struct, IDirection
    {
        public override void Accept(IEstimateVisitor visitor, ArrayView<Term> sent) =>
            visitor.Visit(parameter, new Terms<TDirection> { Direction = direction, List = sent });
    }
}
