using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>A few small fp32 tensors, and functions of all their elements in fp64 that take the place of a model's loss.</summary>
internal sealed unsafe class TestSpace : IDisposable
{
    private readonly NativeBuffer _memory;

    /// <param name="shapes">The shapes of the tensors, which are called a, b, c, …; matrices are named as value projections</param>
    public TestSpace(params long[][] shapes)
    {
        long count = shapes.Sum(s => s.Aggregate(1L, (a, b) => a * b));
        _memory = new NativeBuffer(count * sizeof(float));
        var parameters = new List<Parameter>();
        float* data = (float*)_memory.Data;
        foreach (long[] shape in shapes)
        {
            string suffix = shape.Length == 2 ? ".v_proj.weight" : string.Empty;
            parameters.Add(new Parameter($"{(char)('a' + parameters.Count)}{suffix}", shape, DType.F32, data));
            data += parameters[^1].Count;
        }

        Parameters = new ParameterSet(parameters, [_memory]);
        Count = (int)count;
    }

    public ParameterSet Parameters { get; }

    /// <summary>Elements of all tensors.</summary>
    public int Count { get; }

    /// <summary>All weights, tensor after tensor.</summary>
    public Span<float> Weights => new(_memory.Data, Count);

    public CpuBackend Backend { get; } = new(1);

    /// <summary>The weights as they are now, for what asks for those a run started from.</summary>
    public BaseWeights OpenBase()
    {
        var copy = new NativeBuffer(_memory.ByteCount);
        Weights.CopyTo(new Span<float>(copy.Data, Count));
        byte* start = Parameters.All[0].Data;
        return new BaseWeights(
            Parameters.All.ToDictionary(p => p, p => new TensorEntry(string.Empty, p.Name, "F32", p.Shape, (byte*)copy.Data + (p.Data - start))), copy);
    }

    /// <summary>All elements of a direction.</summary>
    public float[] Fill(Direction direction)
    {
        float[] all = new float[Count];
        int at = 0;
        foreach (var p in Parameters.All)
        {
            for (int row = 0; row < p.Rows; row++, at += p.Columns)
            {
                direction.Fill(p, row, 0, all.AsSpan(at, p.Columns));
            }
        }

        return all;
    }

    /// <summary>A function of the weights as an oracle.</summary>
    public ILossOracle Oracle(Func<double[], double> f) => new Function(this, f);

    /// <summary>The estimate Σ cᵢ δᵢ of a step on a function.</summary>
    public double[] Estimate(Estimator estimator, long step, Func<double[], double> f)
    {
        estimator.Prepare(step, Backend.Parallel);
        double[] coefficients = estimator.Combine(step, Oracle(f).Losses(estimator.Plan(step)));
        double[] sum = new double[Count];
        foreach (var (c, direction) in coefficients.Zip(estimator.Directions(step)))
        {
            float[] d = Fill(direction);
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += c * d[i];
            }
        }

        return sum;
    }

    /// <summary>Mean of each element of the estimate over many steps, with its standard error, and the mean square of the whole.</summary>
    public (double[] Mean, double[] Error, double Square) Moments(Estimator estimator, int samples, Func<double[], double> f)
    {
        double[] mean = new double[Count];
        double[] second = new double[Count];
        for (int step = 1; step <= samples; step++)
        {
            double[] g = Estimate(estimator, step, f);
            for (int i = 0; i < Count; i++)
            {
                mean[i] += g[i] / samples;
                second[i] += g[i] * g[i] / samples;
            }
        }

        return (mean, [.. second.Zip(mean, (s, m) => Math.Sqrt(Math.Max(0, s - (m * m)) / samples))], second.Sum());
    }

    public void Dispose()
    {
        Backend.Dispose();
        Parameters.Dispose();
    }

    private sealed class Function(TestSpace space, Func<double[], double> f) : ILossOracle
    {
        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0)
        {
            double[] losses = new double[probes.Count];
            for (int p = 0; p < losses.Length; p++)
            {
                double[] x = [.. space.Weights.ToArray()];
                if (probes[p].Direction is { } direction)
                {
                    float[] d = space.Fill(direction);
                    for (int i = 0; i < x.Length; i++)
                    {
                        x[i] += probes[p].Radius * d[i];
                    }
                }

                losses[p] = f(x);
            }

            return losses;
        }

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => Losses(probes);

        public void Parallel(int items, Action<int> body) => space.Backend.Parallel(items, body);
    }
}
