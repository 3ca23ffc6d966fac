using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    // Elements of a slice: its buffers (weights, gradient, noise, bits) stay in the first-level cache.
    private const int UpdateSlice = 16 * NoiseField.Group;

    // Elements of a work item, so that large tensors are shared out and small ones do not cost a dispatch each.
    private const int UpdateItem = 1 << 16;

    public void Update(ParameterSet parameters, GradientEstimate estimate, UpdateRule rule, double learningRate, NoiseKey rounding)
    {
        var items = new List<(Parameter Parameter, int Row, int Rows)>();
        foreach (var parameter in parameters.All)
        {
            int rows = Math.Max(1, UpdateItem / parameter.Columns);
            for (int row = 0; row < parameter.Rows; row += rows)
            {
                items.Add((parameter, row, Math.Min(rows, parameter.Rows - row)));
            }
        }

        _pool.Run(items.Count, (item, worker) =>
        {
            var (parameter, first, rows) = items[item];
            for (int row = first; row < first + rows; row++)
            {
                for (int column = 0; column < parameter.Columns; column += UpdateSlice)
                {
                    int count = Math.Min(UpdateSlice, parameter.Columns - column);
                    UpdateRow(parameter, row, column, count, estimate, rule, learningRate, rounding, _scratch[worker]);
                }
            }
        });
    }

    private static void UpdateRow(
        Parameter parameter,
        int row,
        int column,
        int count,
        GradientEstimate estimate,
        UpdateRule rule,
        double learningRate,
        in NoiseKey rounding,
        WorkerScratch scratch)
    {
        float* buffer = scratch.Tile(4 * UpdateSlice);
        var gradient = new Span<float>(buffer, count);
        var noise = new Span<float>(buffer + UpdateSlice, count);
        float* widened = buffer + (2 * UpdateSlice);
        gradient.Clear();
        for (int term = 0; term < estimate.Terms.Count; term++)
        {
            var (coefficient, direction) = estimate.Terms[term];
            direction.Fill(parameter, row, column, noise);
            System.Numerics.Tensors.TensorPrimitives.FusedMultiplyAdd(noise, (float)coefficient, gradient, gradient);
        }

        byte* stored = parameter.At(row, column);
        if (parameter.Type == DType.F32)
        {
            rule.Apply(parameter, new Span<float>(stored, count), gradient, learningRate);
            return;
        }

        Widening.Read(parameter.Type, stored, widened, count);
        rule.Apply(parameter, new Span<float>(widened, count), gradient, learningRate);
        ushort* random = (ushort*)(buffer + (3 * UpdateSlice));
        NoiseField.FillBits(rounding, parameter.Id, NoiseField.GroupOf(row, column, parameter.Columns), new Span<ushort>(random, count));
        StochasticRounding.Write(parameter.Type, widened, random, (ushort*)stored, count);
    }
}
