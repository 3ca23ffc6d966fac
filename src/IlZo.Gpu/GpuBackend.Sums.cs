using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

internal sealed partial class GpuBackend
{
    public double[][] RowSquares(IReadOnlyList<Parameter> parameters, Direction direction)
    {
        using var use = _use.Enter();
        return SumSquares(parameters, direction);
    }

    public RowProducts[] Multiply(IReadOnlyList<Parameter> parameters, Direction direction, IReadOnlyList<float[]> vectors, bool weighted)
    {
        using var use = _use.Enter();
        return MultiplyRows(parameters, direction, vectors, weighted);
    }

    private double[][] SumSquares(IReadOnlyList<Parameter> parameters, Direction direction)
    {
        _device.Arrays.Forget();
        var rows = _device.Arena.Rent(2 * parameters.Sum(p => (long)p.Rows));
        var sums = _device.Arena.Doubles(rows);
        int first = 0;
        foreach (var p in parameters)
        {
            _device.Perturb(p, Along(direction), new RowSumLaunch<OwnFactor>(_device.Kernels, new RowSumArguments
            {
                Sums = sums.SubView(first, p.Rows),
                Vector = ArrayView<float>.Empty,
                Slice = RowSums.Slice,
            }));
            first += p.Rows;
        }

        double[] read = Read(sums);
        _device.Arena.Return(rows);
        return [.. Split(read, parameters.Select(p => p.Rows))];
    }

    private RowProducts[] MultiplyRows(
        IReadOnlyList<Parameter> parameters, Direction direction, IReadOnlyList<float[]> vectors, bool weighted)
    {
        _device.Arrays.Forget();
        var rows = _device.Arena.Rent(2 * parameters.Sum(p => (long)p.Rows));
        var columns = _device.Arena.Rent(parameters.Sum(p => (long)p.Columns));
        var dots = _device.Arena.Doubles(rows);
        int row = 0;
        int column = 0;
        for (int i = 0; i < parameters.Count; i++)
        {
            var p = parameters[i];
            var sum = columns.View.SubView(column, p.Columns);
            Multiply(p, Along(direction), _device.Transfers.Send<float>(vectors[i]), weighted, dots.SubView(row, p.Rows), sum);
            row += p.Rows;
            column += p.Columns;
        }

        double[] readDots = Read(dots);
        float[] readSums = Read(columns.View);
        _device.Arena.Return(columns);
        _device.Arena.Return(rows);
        return [.. Split(readDots, parameters.Select(p => p.Rows)).Zip(
            Split(readSums, parameters.Select(p => p.Columns)), (d, s) => new RowProducts(d, s))];
    }

    private void Multiply(Parameter p, ProbeRun run, ArrayView<float> vector, bool weighted, ArrayView<double> dots, ArrayView<float> sum)
    {
        // A row is summed as a whole.
        int slice = (p.Columns + NoiseField.Group - 1) / NoiseField.Group * NoiseField.Group;
        _device.Perturb(
            p, run, new RowSumLaunch<VectorFactor>(_device.Kernels, new RowSumArguments { Sums = dots, Vector = vector, Slice = slice }));
        int rowsOfShare = Math.Max(1, RowProducts.Share / p.Columns);
        int count = (p.Rows + rowsOfShare - 1) / rowsOfShare;
        var shares = _device.Arena.Rent((long)count * p.Columns);
        _device.Perturb(p, run, new ColumnSumLaunch(_device.Kernels, new ColumnSumArguments
        {
            Rows = p.Rows,
            RowsOfShare = rowsOfShare,
            Dots = dots,
            Weighted = weighted ? 1 : 0,
            Shares = shares.View,
        }));
        _device.Kernels.LaunchItems(ColumnSum.Add, p.Columns, new AddSharesArguments { Shares = shares.View, Sum = sum });
        _device.Arena.Return(shares);
    }

    private static ProbeRun Along(Direction direction) => new(0, AreTwo: false, direction, 1, 0);

    private T[] Read<T>(ArrayView<T> view)
        where T : unmanaged
    {
        var read = new T[view.Length];
        _device.Stream.Read(view, read);
        return read;
    }

    private static IEnumerable<T[]> Split<T>(T[] all, IEnumerable<int> lengths)
    {
        int first = 0;
        foreach (int length in lengths)
        {
            yield return all.AsSpan(first, length).ToArray();
            first += length;
        }
    }

    private readonly struct RowSumLaunch<TFactor>(KernelLauncher kernels, RowSumArguments arguments) : IWeightsVisitor
        where TFactor : struct, IRowFactor
    {
        public void Visit<TFormat, TDirection, TProbes>(PerturbedWeights<TDirection> weights)
            where TFormat : struct, IWeightFormat
            where TDirection : struct, IDirection
            where TProbes : struct, IProbes
        {
            int rows = RowSum.RowsOfGroup(kernels.Shape.Threads);
            int groups = (int)((arguments.Sums.Length + rows - 1) / rows);
            int sharedFloats = rows * 2 * RowSum.Lanes * (sizeof(double) / sizeof(float));
            kernels.Launch(
                RowSum.Run<TFormat, TDirection, TFactor>, new Index3D(groups, 1, 1), kernels.Shape.Threads, sharedFloats, weights,
                arguments);
        }
    }

    private readonly struct ColumnSumLaunch(KernelLauncher kernels, ColumnSumArguments arguments) : IWeightsVisitor
    {
        public void Visit<TFormat, TDirection, TProbes>(PerturbedWeights<TDirection> weights)
            where TFormat : struct, IWeightFormat
            where TDirection : struct, IDirection
            where TProbes : struct, IProbes
        {
            long items = arguments.Shares.Length / weights.Columns * NoiseBlock.BlocksOfRow(weights.Columns);
            kernels.LaunchItems(ColumnSum.Run<TFormat, TDirection>, items, weights, arguments);
        }
    }

    /// <summary>The sums for directions that need some of themselves while an operation reads them.</summary>
    private sealed class SumsOfOperation(GpuBackend backend) : IWeightSums
    {
        public double[][] RowSquares(IReadOnlyList<Parameter> parameters, Direction direction) => backend.SumSquares(parameters, direction);

        public RowProducts[] Multiply(
            IReadOnlyList<Parameter> parameters, Direction direction, IReadOnlyList<float[]> vectors, bool weighted) =>
            backend.MultiplyRows(parameters, direction, vectors, weighted);
    }
}
