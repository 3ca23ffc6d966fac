using IlZo.Backends;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Bases of layers' inputs against eigenvectors, and which layers have one.</summary>
public sealed class InputBasisSearchTests : IDisposable
{
    private const int Features = 24;
    private const ulong Seed = 3;

    private readonly TestSpace _space = new([6, Features], [7, Features], [Features, 5], [Features]);

    public void Dispose() => _space.Dispose();

    // The tangent of the angle to the r dominant right singular vectors falls by (σ_{r+1}/σ_r)² in each iteration, from that of the first
    // vectors (Golub and Van Loan, Matrix Computations, theorem 8.2.2); what 8 bits turn a vector by comes on top.
    [Theory]
    [InlineData(1, 1, 0.7)]
    [InlineData(1, 3, 0.7)]
    [InlineData(1, 6, 0.7)]
    [InlineData(3, 1, 0.5)]
    [InlineData(3, 4, 0.5)]
    [InlineData(3, 20, 0.9)]
    public void A_basis_comes_to_the_dominant_singular_vectors_as_fast_as_it_must(int rank, int iterations, double ratio)
    {
        var inputs = WithSpectrum([.. Enumerable.Range(0, Features).Select(i => i < rank ? 5 + i : 5 * ratio * Math.Pow(0.98, i - rank))]);
        var exact = SymmetricMatrix.Eigenvectors(inputs.Square());
        Near.Equal(ratio * ratio, exact[rank].Value / exact[rank - 1].Value, 1e-5);
        var weight = _space.Parameters.All[0];
        float[] start = LazyFactors.Vectors(new NoiseKey(Seed, NoiseStream.LazyFactor, 9, 0), weight, rank, Features);
        GramSchmidt.Orthonormalize(start, Features);
        double tangent = Tangent(start, exact, rank);
        float[] found = Find(rank, iterations, (weight, WeightLayout.OutIn, inputs)).Of(weight)!;
        GramSchmidtTests.RequireOrthonormal(found, Features);
        double bound = (tangent * Math.Pow(ratio, 2 * iterations)) + (rank * Math.Sqrt(Features) / 254);
        Assert.InRange(Tangent(found, exact, rank), 0, bound);

        // The bound is about this: vectors that were not turned are not within it.
        Assert.True(iterations == 1 || tangent > bound, $"{tangent} is within {bound}.");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 4)]
    [InlineData(4, 4)]
    public void One_iteration_is_exact_where_the_inputs_have_no_more_than_the_rank(int tokens, int rank)
    {
        var inputs = SyntheticInputs.Normal(4, tokens, Features);
        var exact = SymmetricMatrix.Eigenvectors(inputs.Square());
        var weight = _space.Parameters.All[0];
        float[] vectors = LazyFactors.Vectors(new NoiseKey(Seed, NoiseStream.LazyFactor, 9, 0), weight, rank, Features);
        float[] products = new float[vectors.Length];
        inputs.MultiplySquare(vectors, products);
        GramSchmidt.Orthonormalize(products, Features);
        float[] found = Find(rank, 1, (weight, WeightLayout.OutIn, inputs)).Of(weight)!;
        foreach (var (_, direction) in exact[..tokens])
        {
            Near.Equal(1, InSpan(products, direction), 1e-5);

            // With 8 bits for an element: the square of the sine, for each of the vectors.
            Assert.InRange(InSpan(found, direction), 1 - (rank * Features / (254.0 * 254)), 1 + 1e-6);
        }
    }

    [Fact]
    public void A_basis_has_no_more_vectors_than_there_are_inputs_and_inputs_of_zero_have_one_too()
    {
        var p = _space.Parameters.All[0];
        var bases = Find(40, 2, (p, WeightLayout.OutIn, SyntheticInputs.Normal(1, 3, Features)));
        Assert.Equal(Features * Features, bases.Of(p)!.Length);
        GramSchmidtTests.RequireOrthonormal(bases.Of(p)!, Features);
        foreach (double value in (double[])[0, double.NaN, double.PositiveInfinity])
        {
            var strange = new SyntheticInputs([.. Enumerable.Repeat(value, 2 * Features)], Features);
            GramSchmidtTests.RequireOrthonormal(Find(2, 3, (p, WeightLayout.OutIn, strange)).Of(p)!, Features);
        }
    }

    [Fact]
    public void Layers_with_the_same_inputs_have_one_basis_and_those_that_are_no_layer_have_none()
    {
        var (a, b, c, d) = (_space.Parameters.All[0], _space.Parameters.All[1], _space.Parameters.All[2], _space.Parameters.All[3]);
        var inputs = SyntheticInputs.Normal(1, 9, Features);
        var others = SyntheticInputs.Normal(2, 9, Features);
        var bases = Find(
            2, 3, (a, WeightLayout.OutIn, inputs), (b, WeightLayout.OutIn, inputs), (c, WeightLayout.InOut, inputs),
            (d, WeightLayout.OutIn, others), (a, WeightLayout.OutIn, inputs));
        Assert.Equal(bases.Of(a), bases.Of(b));
        Assert.Equal(bases.Of(a), bases.Of(c));
        Assert.Null(bases.Of(d));

        // A number for each tensor, and one basis of two vectors, six elements a number.
        var search = new InputBasisSearch(Settings, 2, 3, 9);
        search.Multiplied(a, WeightLayout.OutIn, inputs);
        search.Multiplied(c, WeightLayout.InOut, inputs);
        Assert.Equal([1, 0, 2, 0], search.Pack()[..4]);
        Assert.Equal(4 + (2 * Features / 6), search.Pack().Length);

        // Two inputs, or rows that are read as they are, before or after.
        search.Multiplied(a, WeightLayout.OutIn, others);
        search.LookedUp(c);
        search.LookedUp(b);
        search.Multiplied(b, WeightLayout.OutIn, others);
        Assert.Equal([0, 0, 0, 0], search.Pack());
    }

    private OptimizerSettings Settings => new(_space.Parameters) { Seed = Seed };

    private InputBases Find(int rank, int iterations, params (Parameter Weight, WeightLayout Layout, LayerInputs Inputs)[] layers)
    {
        var search = new InputBasisSearch(Settings, rank, iterations, 9);
        foreach (var (weight, layout, inputs) in layers)
        {
            search.Multiplied(weight, layout, inputs);
        }

        return InputBases.Read(Settings, 9, [0.5, .. search.Pack()], rank);
    }

    // U diag(σ) Vᵀ with the vectors that Gram and Schmidt make of normal ones.
    private static SyntheticInputs WithSpectrum(double[] values)
    {
        float[] v = new float[Features * Features];
        float[] u = new float[Features * Features];
        NoiseField.FillNormal(new NoiseKey(1, NoiseStream.Initialization, 1, 0), 0, 0, v);
        NoiseField.FillNormal(new NoiseKey(1, NoiseStream.Initialization, 2, 0), 0, 0, u);
        GramSchmidt.Orthonormalize(v, Features);
        GramSchmidt.Orthonormalize(u, Features);
        double[] rows = new double[Features * Features];
        for (int k = 0; k < Features; k++)
        {
            for (int i = 0; i < rows.Length; i++)
            {
                rows[i] += u[(k * Features) + (i / Features)] * values[k] * v[(k * Features) + (i % Features)];
            }
        }

        return new SyntheticInputs(rows, Features);
    }

    // The part of a unit vector that is in the span of orthonormal ones, squared.
    private static double InSpan(float[] basis, double[] vector)
    {
        double sum = 0;
        for (int start = 0; start < basis.Length; start += vector.Length)
        {
            double dot = vector.Select((v, i) => v * basis[start + i]).Sum();
            sum += dot * dot;
        }

        return sum;
    }

    // The tangent of the largest angle between the span of some vectors and that of the first eigenvectors: the norm of V₂ᵀA(V₁ᵀA)⁻¹, for
    // which that of Frobenius is a bound from above.
    private static double Tangent(float[] basis, (double Value, double[] Vector)[] exact, int rank)
    {
        double[,] inside = new double[rank, rank];
        double[,] outside = new double[exact.Length - rank, rank];
        for (int k = 0; k < exact.Length; k++)
        {
            for (int j = 0; j < rank; j++)
            {
                double dot = exact[k].Vector.Select((v, i) => v * basis[(j * exact.Length) + i]).Sum();
                if (k < rank)
                {
                    inside[k, j] = dot;
                }
                else
                {
                    outside[k - rank, j] = dot;
                }
            }
        }

        // Column operations that make the upper part the identity.
        for (int p = 0; p < rank; p++)
        {
            int pivot = Enumerable.Range(p, rank - p).MaxBy(j => Math.Abs(inside[p, j]));
            Swap(inside, p, pivot);
            Swap(outside, p, pivot);
            double scale = 1 / inside[p, p];
            Combine(inside, p, p, scale - 1);
            Combine(outside, p, p, scale - 1);
            for (int j = 0; j < rank; j++)
            {
                if (j != p)
                {
                    double factor = -inside[p, j];
                    Combine(inside, j, p, factor);
                    Combine(outside, j, p, factor);
                }
            }
        }

        return Math.Sqrt(outside.Cast<double>().Sum(v => v * v));
    }

    private static void Swap(double[,] m, int a, int b)
    {
        for (int i = 0; i < m.GetLength(0); i++)
        {
            (m[i, a], m[i, b]) = (m[i, b], m[i, a]);
        }
    }

    private static void Combine(double[,] m, int to, int from, double factor)
    {
        for (int i = 0; i < m.GetLength(0); i++)
        {
            m[i, to] += factor * m[i, from];
        }
    }
}
