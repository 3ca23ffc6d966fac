using IlZo.Noise;
using IlZo.Optimizers;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>msign of matrices A diag(s) Bᵀ with orthonormal A and B, which is A Bᵀ.</summary>
public sealed class MatrixSignTests
{
    private const int Rows = 12;

    private static readonly double[][] s_values =
        [[3, 1, 0.1, 1e-3], [2.5], [1, 1, 1], [1e12, 1e11], [1e-12, 1e-14], [1, 0], [0, 0, 1, 0.5], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5, 0.1]];

    public static TheoryData<double[]> Values => new(s_values);

    [Theory]
    [MemberData(nameof(Values))]
    public void Exactly_all_singular_values_become_1_and_zeros_stay(double[] values)
    {
        double[,] expected = Product([.. values.Select(s => s == 0 ? 0 : 1.0)]);
        RequireNear(expected, Times(Product(values), values.Length, exact: true), 1e-6);
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void The_published_iterations_make_of_each_singular_value_what_their_polynomial_does(double[] values)
    {
        double norm = Math.Sqrt(values.Sum(s => s * s));
        double[,] expected = Product([.. values.Select(s => Iterated(s / norm))]);
        RequireNear(expected, Times(Product(values), values.Length, exact: false), 1e-6);
    }

    [Fact]
    public void Published_iterations_leave_singular_values_near_1()
    {
        for (double s = 0.005; s <= 1; s += 0.001)
        {
            Assert.InRange(Iterated(s), 0.68, 1.16);
        }
    }

    [Fact]
    public void Of_zeros_it_is_zeros()
    {
        foreach (bool exact in (bool[])[false, true])
        {
            Assert.All(MatrixSign.Multiplier(new double[9], 3, exact), q => Assert.Equal(0, q));
        }
    }

    private static double Iterated(double s)
    {
        for (int i = 0; i < 5; i++)
        {
            s = (3.4445 * s) - (4.7750 * Math.Pow(s, 3)) + (2.0315 * Math.Pow(s, 5));
        }

        return s;
    }

    // X times the multiplier of XᵀX.
    private static double[,] Times(double[,] x, int rank, bool exact)
    {
        double[] gram = new double[rank * rank];
        for (int i = 0; i < gram.Length; i++)
        {
            gram[i] = Enumerable.Range(0, Rows).Sum(row => x[row, i / rank] * x[row, i % rank]);
        }

        double[] multiplier = MatrixSign.Multiplier(gram, rank, exact);
        double[,] product = new double[Rows, rank];
        for (int row = 0; row < Rows; row++)
        {
            for (int j = 0; j < rank; j++)
            {
                product[row, j] = Enumerable.Range(0, rank).Sum(k => x[row, k] * multiplier[(k * rank) + j]);
            }
        }

        return product;
    }

    // A diag(s) Bᵀ.
    private static double[,] Product(double[] values)
    {
        var (a, b) = (Basis(values.Length, Rows, 1), Basis(values.Length, values.Length, 2));
        double[,] product = new double[Rows, values.Length];
        for (int row = 0; row < Rows; row++)
        {
            for (int j = 0; j < values.Length; j++)
            {
                product[row, j] = values.Select((s, k) => a[(k * Rows) + row] * s * b[(k * values.Length) + j]).Sum();
            }
        }

        return product;
    }

    private static float[] Basis(int count, int length, int tensor)
    {
        float[] vectors = new float[count * length];
        NoiseField.FillNormal(new NoiseKey(3, NoiseStream.Initialization, 0, 0), tensor, 0, vectors);
        GramSchmidt.Orthonormalize(vectors, length);
        return vectors;
    }

    private static void RequireNear(double[,] expected, double[,] actual, double tolerance)
    {
        for (int i = 0; i < expected.GetLength(0); i++)
        {
            for (int j = 0; j < expected.GetLength(1); j++)
            {
                Near.Equal(expected[i, j], actual[i, j], tolerance);
            }
        }
    }
}
