using IlZo.Backends.Cpu;
using IlZo.Functions;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>A few small fp32 tensors, and functions of all their elements in fp64 that take the place of a model's loss.</summary>
internal sealed class TestSpace : IDisposable
{
    private readonly FunctionSpace _space;

    /// <param name="shapes">The shapes of the tensors, which are called a, b, c, …; DiZO takes the matrices for values.</param>
    public TestSpace(params long[][] shapes) => _space = new FunctionSpace(
        shapes.Select((shape, i) => ($"{(char)('a' + i)}", shape, new TensorRole(shape.Length == 2 ? ModelPart.Value : ModelPart.None))));

    public ParameterSet Parameters => _space.Parameters;

    /// <summary>Elements of all tensors.</summary>
    public int Count => _space.Count;

    /// <summary>All weights, tensor after tensor.</summary>
    public Span<float> Weights => _space.Weights;

    public CpuBackend Backend { get; } = new(1);

    /// <summary>The weights as they are now, for what asks for those a run started from.</summary>
    public BaseWeights OpenBase() => _space.OpenBase();

    /// <summary>All elements of a direction.</summary>
    public float[] Fill(Direction direction) => _space.Fill(direction);

    /// <summary>A function of the weights as an oracle.</summary>
    public ILossOracle Oracle(Func<double[], double> f, Func<double[], double[]>? gradient = null) =>
        _space.Oracle(f, Backend, gradient);

    /// <summary>The estimate Σ cᵢ δᵢ of a step on a function.</summary>
    public double[] Estimate(Estimator estimator, long step, Func<double[], double> f, Func<double[], double[]>? gradient = null)
    {
        estimator.Prepare(step, Backend);
        double[] coefficients = estimator.Combine(step, Oracle(f, gradient).Losses(estimator.Plan(step)));
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
    public (double[] Mean, double[] Error, double Square) Moments(
        Estimator estimator, int samples, Func<double[], double> f, Func<double[], double[]>? gradient = null)
    {
        double[] mean = new double[Count];
        double[] second = new double[Count];
        for (int step = 1; step <= samples; step++)
        {
            double[] g = Estimate(estimator, step, f, gradient);
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
        _space.Dispose();
    }
}
