using ILGPU;
using ILGPU.Runtime;
using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Kernels;

namespace IlZo.Gpu;

internal sealed partial class GpuPass
{
    public double[][] LogProbabilities(Activation x, OutputHead head, IReadOnlyList<(int Output, int Id)> targets)
    {
        using var use = EnterPass();
        var from = Own(x);
        Fit.Targets(head, x, targets);
        int columns = (int)Math.Clamp(GpuMemory.Logits / Math.Max(from.Rows, 1), 1, head.Rows);
        int blocks = (head.Rows + columns - 1) / columns;
        int picks = _points * targets.Count;
        var biases = RentRows(head.Bias);
        var logits = _device.Arena.Rent((long)from.Rows * columns);
        var results = _device.Arena.Rent(picks + (2L * blocks * from.Rows));
        var picked = results.View.SubView(0, picks);
        var ids = SendTargets(targets);
        bool isPrepared = ProductPlan.IsPrepared(_device.Kernels.Products, from.Tokens, columns);
        var operand = RentOperand(from, isPrepared);
        int threads = _device.Kernels.Shape.Threads;
        for (int block = 0; block < blocks; block++)
        {
            int first = block * columns;
            int count = Math.Min(columns, head.Rows - first);
            var view = logits.View.SubView(0, (long)from.Rows * count);
            MultiplyHead(operand, head, biases.View, first, count, view, isPrepared);
            Cap(head, view);
            long place = picks + (2L * block * from.Rows);
            _device.Kernels.Launch(LogSumExp.Reduce, new Index3D(from.Rows, 1, 1), threads, threads, new ReduceArguments
            {
                Logits = view,
                Columns = count,
                Largest = results.View.SubView(place, from.Rows),
                Sums = results.View.SubView(place + from.Rows, from.Rows),
            });
            _device.Kernels.LaunchItems(LogSumExp.Pick, picks, new PickArguments
            {
                Logits = view,
                Rows = from.Tokens,
                Columns = count,
                FirstColumn = first,
                Targets = ids,
                TargetCount = targets.Count,
                Picked = picked,
            });
        }

        ReturnOperand(operand, x);
        var read = _device.Transfers.Read(results.View);
        _device.Arena.Return(results);
        _device.Arena.Return(logits);
        ReturnRows(biases);
        double[][] result = new double[_points][];
        for (int probe = 0; probe < _points; probe++)
        {
            result[probe] = new double[targets.Count];
            for (int i = 0; i < targets.Count; i++)
            {
                int row = (probe * from.Tokens) + targets[i].Output;
                result[probe][i] = read[(probe * targets.Count) + i] - LogSum(read[picks..], row, from.Rows, blocks);
            }
        }

        return result;
    }

    public void Logits(Activation x, OutputHead head, Span<float> destination, int firstRow = 0)
    {
        using var use = EnterPass();
        var from = Own(x);
        Fit.Head(head, x);
        int rows = destination.Length / head.Rows;
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow + rows, from.Tokens, nameof(destination));
        var biases = RentRows(head.Bias);
        var logits = _device.Arena.Rent((long)rows * head.Rows);
        bool isPrepared = ProductPlan.IsPrepared(_device.Kernels.Products, rows, head.Rows);
        var operand = RentOperand(from, isPrepared);
        var run = _device.Runs[0] with { First = 0, AreTwo = false };
        var arguments = new LinearArguments
        {
            Outputs = head.Rows,
            Inputs = x.Features,
            Tokens = rows,
            Bias0 = OfProbe(biases.View, 0, head.Rows),
            X0 = operand.Probe(0, firstRow),
            Y0 = new RowsView(logits.View, head.Rows),
        };
        Multiply(head.Weight, run, null, arguments, isPrepared);
        ReturnOperand(operand, x);
        Cap(head, logits.View);
        _device.Stream.Read(logits.View, destination);
        _device.Arena.Return(logits);
        ReturnRows(biases);
    }

    private ArrayView<int> SendTargets(IReadOnlyList<(int Output, int Id)> targets)
    {
        var staged = _device.Transfers.Stage<int>(2 * targets.Count);
        for (int i = 0; i < targets.Count; i++)
        {
            (staged.Values[2 * i], staged.Values[(2 * i) + 1]) = targets[i];
        }

        return _device.Transfers.Send(staged);
    }

    // log Σ exp over all blocks, in their order.
    private static double LogSum(ReadOnlySpan<float> blocks, int row, int rows, int count)
    {
        float max = float.NegativeInfinity;
        for (int block = 0; block < count; block++)
        {
            max = MathF.Max(max, blocks[(2 * block * rows) + row]);
        }

        double total = 0;
        for (int block = 0; block < count; block++)
        {
            total += blocks[(((2 * block) + 1) * rows) + row] * ElementaryFunctions.Exp((double)blocks[(2 * block * rows) + row] - max);
        }

        return max + ElementaryFunctions.Log(total);
    }

    private void Cap(OutputHead head, ArrayView<float> logits)
    {
        if (head.SoftCap is { } cap)
        {
            _device.Kernels.LaunchItems(LogSumExp.Cap, logits.Length, new CapArguments { Logits = logits, SoftCap = cap });
        }
    }

    // Some columns of the logits of all probes, [probe, output, column].
    private void MultiplyHead(
        GpuActivation x, OutputHead head, ArrayView<float> biases, int first, int count, ArrayView<float> logits, bool isPrepared)
    {
        long size = (long)x.Tokens * count;
        foreach (var run in _device.Runs)
        {
            var arguments = new LinearArguments
            {
                FirstOutput = first,
                Outputs = count,
                Inputs = head.Weight.Columns,
                Tokens = x.Tokens,
                X0 = x.Probe(run.First),
                X1 = run.AreTwo ? x.Probe(run.First + 1) : default,
                Y0 = new RowsView(logits.SubView(run.First * size, size), count),
                Y1 = run.AreTwo ? new RowsView(logits.SubView((run.First + 1) * size, size), count) : default,
                Bias0 = Part(OfProbe(biases, run.First, head.Rows), first, count),
                Bias1 = run.AreTwo ? Part(OfProbe(biases, run.First + 1, head.Rows), first, count) : ArrayView<float>.Empty,
            };
            Multiply(head.Weight, run, null, arguments, isPrepared);
        }
    }

    private static ArrayView<float> Part(ArrayView<float> biases, int first, int count) =>
        biases.Length == 0 ? biases : biases.SubView(first, count);
}
