using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Core.Tests.Backends;

/// <summary>
/// Tensors with random elements and a direction, of which an operation is to give values and tangents; and the same in fp64, moved along
/// the direction by any distance.
/// </summary>
internal sealed unsafe class TangentTrial : IDisposable
{
    // The difference of two fp64 results over this is exact to 1e-9 or so, where fp32 is to 1e-7.
    private const double Distance = 1e-4;

    private readonly List<NativeBuffer> _memory = [];
    private readonly Random _random = new(5);

    /// <param name="threads">Threads of the backend.</param>
    public TangentTrial(int threads = 2) => Backend = new CpuBackend(threads);

    public CpuBackend Backend { get; }

    public Direction Direction { get; } = new GaussianDirection(new NoiseKey(3, NoiseStream.Direction, 1, 0));

    /// <summary>A tensor with elements between −1 and 1, more by an offset.</summary>
    public Parameter Tensor(string name, int rows, int columns, float offset = 0, bool isTrained = true)
    {
        var buffer = new NativeBuffer((long)rows * columns * sizeof(float));
        _memory.Add(buffer);
        foreach (ref float value in new Span<float>(buffer.Data, rows * columns))
        {
            value = (2 * _random.NextSingle()) - 1 + offset;
        }

        // Each has noise of its own.
        return new Parameter(name, rows == 1 ? [columns] : [rows, columns], DType.F32, buffer.Data)
        {
            Id = _memory.Count,
            Index = isTrained ? _memory.Count : -1,
        };
    }

    /// <summary>A text of so many tokens, all of them read.</summary>
    public static TokenBatch Text(int tokens)
    {
        var builder = new TokenBatchBuilder();
        int segment = builder.AddText(new int[tokens]);
        for (int i = 0; i < tokens; i++)
        {
            builder.Read(segment, i);
        }

        return builder.Build();
    }

    /// <summary>A pass in forward mode.</summary>
    public IPass Begin(TokenBatch batch) => Backend.Begin(batch, [Probe.Derivative(Direction)]);

    /// <summary>An activation whose token i is row i of a table.</summary>
    public static Activation Load(IPass pass, Parameter table)
    {
        var x = pass.Rent(table.Columns);
        pass.Embed(table, [.. Enumerable.Range(0, pass.Batch.Count)], x);
        return x;
    }

    /// <summary>A tensor's elements, row-major, moved along the direction where it is trained.</summary>
    public double[] At(Parameter tensor, double distance)
    {
        float[] z = new float[tensor.Columns];
        double[] result = new double[tensor.Count];
        for (int row = 0; row < tensor.Rows; row++)
        {
            Direction.Fill(tensor, row, 0, z);
            for (int column = 0; column < tensor.Columns; column++)
            {
                result[(row * tensor.Columns) + column] =
                    ((float*)tensor.At(row, 0))[column] + (tensor.IsTrained ? distance * z[column] : 0);
            }
        }

        return result;
    }

    /// <summary>Requires the values and the tangents of an activation to be those of a function of the distance.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="actual">The activation.</param>
    /// <param name="exact">The function, in fp64.</param>
    /// <param name="tolerance">The error relative to the root of the mean square.</param>
    public static void Check(IPass pass, Activation actual, Func<double, double[]> exact, double tolerance = 2e-6)
    {
        float[] values = new float[actual.Tokens * actual.Features];
        float[] tangents = new float[values.Length];
        pass.Read(actual, 0, values);
        pass.Read(actual, 1, tangents);
        Check([.. values.Select(v => (double)v)], [.. tangents.Select(v => (double)v)], exact, tolerance);
    }

    /// <inheritdoc cref="Check(IPass, Activation, Func{double, double[]}, double)"/>
    public static void Check(double[] values, double[] tangents, Func<double, double[]> exact, double tolerance = 2e-6)
    {
        Near(exact(0), values, tolerance);

        // Richardson's, of differences over two distances.
        double[] near = Difference(exact, Distance);
        double[] far = Difference(exact, 2 * Distance);
        Near([.. near.Zip(far, (n, f) => ((4 * n) - f) / 3)], tangents, tolerance);
    }

    public void Dispose()
    {
        Backend.Dispose();
        _memory.ForEach(m => m.Dispose());
    }

    private static double[] Difference(Func<double, double[]> exact, double distance) =>
        [.. exact(distance).Zip(exact(-distance), (a, b) => (a - b) / (2 * distance))];

    private static void Near(double[] expected, double[] actual, double tolerance)
    {
        double scale = Math.Sqrt(expected.Average(v => v * v));
        Xunit.Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            // What cancels in fp64 leaves some rounding, too.
            Tests.Near.Equal(expected[i], actual[i], 1e-9 + (tolerance * (scale + Math.Abs(expected[i]))));
        }
    }
}
