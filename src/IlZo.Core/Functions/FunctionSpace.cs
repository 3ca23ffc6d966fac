using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Functions;

/// <summary>fp32 tensors without a model, and functions of all their elements in the place of its loss.</summary>
internal sealed unsafe class FunctionSpace : IDisposable
{
    /// <summary>Variables of a tensor at most.</summary>
    internal const int Block = 100;

    private readonly NativeBuffer _memory;

    /// <param name="shapes">The tensors' names and shapes, and what methods that look for a part of a model take them for; they lie in
    /// memory in this order.</param>
    public FunctionSpace(IEnumerable<(string Name, long[] Shape, TensorRole Role)> shapes)
    {
        var all = shapes.ToArray();
        long count = all.Sum(s => s.Shape.Aggregate(1L, (a, b) => a * b));
        _memory = new NativeBuffer(count * sizeof(float));
        var parameters = new List<Parameter>();
        float* data = (float*)_memory.Data;
        foreach (var (name, shape, role) in all)
        {
            parameters.Add(new Parameter(name, shape, DType.F32, data, role));
            data += parameters[^1].Count;
        }

        Parameters = new ParameterSet(parameters, [_memory]);
        Count = (int)count;
    }

    /// <summary>The tensors; names must rise, so that they stand in memory as here.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Elements of all tensors.</summary>
    public int Count { get; }

    /// <summary>Evaluations so far, one for each point.</summary>
    public long Evaluations { get; private set; }

    /// <summary>All weights, tensor after tensor.</summary>
    public Span<float> Weights => new(_memory.Data, Count);

    /// <summary>
    /// Tensors for a function of so many variables: vectors of at most <see cref="Block"/> of them as matrices of a row, so that there are
    /// tensors to choose from. DiZO's projections take them for values.
    /// </summary>
    public static FunctionSpace Of(int dimension) => new(
        Enumerable.Range(0, (dimension + Block - 1) / Block).Select(i => (
            $"x.{i:D6}", new long[] { 1, Math.Min(Block, dimension - (Block * i)) }, new TensorRole(ModelPart.Value))));

    /// <summary>A function of the weights as an oracle.</summary>
    /// <param name="f">The function.</param>
    /// <param name="backend">What sums over weights.</param>
    /// <param name="gradient">Its gradient; null where nobody asks for derivatives.</param>
    public ILossOracle Oracle(Func<double[], double> f, IBackend backend, Func<double[], double[]>? gradient = null) =>
        new FunctionOracle(this, f, gradient, backend);

    /// <summary>The function at the first point of a probe.</summary>
    public double At(Func<double[], double> f, Probe probe)
    {
        double[] x = new double[Count];
        float[] direction = probe.Direction is { } d ? Fill(d) : [];
        var weights = Weights;
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = weights[i] + (direction.Length > 0 ? probe.Radius * direction[i] : 0);
        }

        return f(x);
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

    /// <summary>The weights as they are now, for what asks for those a run started from.</summary>
    public BaseWeights OpenBase()
    {
        var copy = new NativeBuffer(_memory.ByteCount);
        Weights.CopyTo(new Span<float>(copy.Data, Count));
        byte* start = Parameters.All[0].Data;
        return new BaseWeights(
            Parameters.All.ToDictionary(
                p => p, p => new TensorEntry(string.Empty, p.Name, "F32", p.Shape, (byte*)copy.Data + (p.Data - start))), copy);
    }

    public void Dispose() => Parameters.Dispose();

    private sealed class FunctionOracle(
        FunctionSpace space, Func<double[], double> f, Func<double[], double[]>? gradient, IBackend backend) : ILossOracle
    {
        public bool HasDerivatives => gradient is not null;

        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0)
        {
            double[] losses = [.. probes.SelectMany(At)];
            space.Evaluations += losses.Length;
            return losses;
        }

        private IEnumerable<double> At(Probe probe) => probe.IsDerivative
            ? [space.At(f, probe), Derivative(probe.Direction!)]
            : ProbePoints.Each([probe]).Select(p => space.At(f, p));

        private double Derivative(Direction direction)
        {
            double[] x = [.. space.Weights.ToArray()];
            return gradient!(x).Zip(space.Fill(direction), (g, d) => g * d).Sum();
        }

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => Losses(probes);

        public IWeightSums Sums => backend;
    }
}
