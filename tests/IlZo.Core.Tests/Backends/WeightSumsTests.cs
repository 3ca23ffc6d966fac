using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Sums over directions, against sums written out.</summary>
public sealed unsafe class WeightSumsTests : IDisposable
{
    private readonly NativeBuffer _memory = new(1 << 23);
    private readonly Parameter[] _tensors;
    private readonly GaussianDirection _z = new(new NoiseKey(3, NoiseStream.Direction, 1, 0));
    private readonly ParameterSet _set;

    public WeightSumsTests()
    {
        // The rows of the first one are two shares.
        _tensors = [new Parameter("a", [3, 400_001], DType.F32, _memory.Data), new Parameter("b", [5, 70], DType.F32, _memory.Data)];
        _set = new ParameterSet(_tensors, [_memory]);
    }

    public void Dispose() => _set.Dispose();

    [Fact]
    public void Squares_and_products_are_those_of_the_elements()
    {
        using var backend = new CpuBackend(2);
        float[][] vectors = [.. _tensors.Select(p => Enumerable.Range(0, p.Columns).Select(i => MathF.Sin(i)).ToArray())];
        double[][] squares = backend.RowSquares(_tensors, _z);
        var weighted = backend.Multiply(_tensors, _z, vectors, weighted: true);
        var plain = backend.Multiply(_tensors, _z, vectors, weighted: false);
        for (int t = 0; t < _tensors.Length; t++)
        {
            var p = _tensors[t];
            double[] dotSum = new double[p.Columns], sum = new double[p.Columns];
            for (int row = 0; row < p.Rows; row++)
            {
                float[] z = new float[p.Columns];
                _z.Fill(p, row, 0, z);
                double dot = z.Zip(vectors[t], (a, b) => (double)a * b).Sum();
                Near.Equal(z.Sum(v => (double)v * v), squares[t][row], 1e-9 * p.Columns);
                Near.Equal(dot, weighted[t].Dots[row], 1e-9 * p.Columns);
                Assert.Equal(weighted[t].Dots[row], plain[t].Dots[row]);
                for (int i = 0; i < z.Length; i++)
                {
                    dotSum[i] += dot * z[i];
                    sum[i] += z[i];
                }
            }

            double largest = dotSum.Max(Math.Abs);
            Near.Equal([.. dotSum.Select(v => (float)v)], weighted[t].Sum, 1e-6 * largest);
            Near.Equal([.. sum.Select(v => (float)v)], plain[t].Sum, 1e-5);
        }
    }

    [Fact]
    public void Sums_do_not_depend_on_the_number_of_threads()
    {
        using var one = new CpuBackend(1);
        using var three = new CpuBackend(3);
        Assert.Equal(All(one), All(three));

        List<double> All(IBackend backend)
        {
            float[][] vectors = [.. _tensors.Select(p => Enumerable.Repeat(1.5f, p.Columns).ToArray())];
            return
            [
                .. backend.RowSquares(_tensors, _z).SelectMany(s => s),
                .. backend.Multiply(_tensors, _z, vectors, weighted: true).SelectMany(p => p.Dots.Concat(p.Sum.Select(s => (double)s))),
            ];
        }
    }
}
