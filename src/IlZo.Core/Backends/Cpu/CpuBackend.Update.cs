using IlZo.Arithmetic;
using IlZo.Noise;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Backends.Cpu;

internal sealed unsafe partial class CpuBackend
{
    // Elements of a slice: its buffers (weights, gradient, noise, bits) stay in the first-level cache.
    private const int UpdateSlice = 16 * NoiseField.Group;

    private IReadOnlyList<Parameter> _blocksOf = [];
    private IReadOnlyList<RowBlock> _blocks = [];

    public void Update(
        IReadOnlyList<Parameter> parameters, GradientEstimate estimate, UpdateRule rule, double learningRate, NoiseKey rounding)
    {
        using var use = _use.Enter();
        using var heldRule = rule.Hold();
        using var alone = parameters.Count > 0 && parameters[0].Set is { } set ? set.Write() : default;
        var items = BlocksOf(parameters);
        _pool.Run(items.Count, new UpdateWork(this, items, estimate, rule, learningRate, rounding));
    }

    // The same list for every step of a run.
    private IReadOnlyList<RowBlock> BlocksOf(IReadOnlyList<Parameter> parameters)
    {
        if (!ReferenceEquals(parameters, _blocksOf))
        {
            _blocksOf = parameters;
            _blocks = RowBlock.Of(parameters);
        }

        return _blocks;
    }

    public void Parallel(int items, Action<int> body)
    {
        using var use = _use.Enter();
        RunAll(items, body);
    }

    private void RunAll(int items, Action<int> body) => _pool.Run(items, new FunctionWork(body));

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
        byte* stored = parameter.At(row, column);

        // Generating the noise takes longer than memory does.
        CacheLines.Prefetch(stored, (long)count * parameter.Type.Size());
        gradient.Clear();
        for (int term = 0; term < estimate.Terms.Count; term++)
        {
            var (coefficient, direction) = estimate.Terms[term];
            direction.Fill(parameter, row, column, noise);
            System.Numerics.Tensors.TensorPrimitives.FusedMultiplyAdd(noise, (float)coefficient, gradient, gradient);
        }

        var slice = new WeightSlice(parameter, row, column);
        if (parameter.Type == DType.F32)
        {
            rule.Apply(slice, new Span<float>(stored, count), gradient, learningRate);
            return;
        }

        Widening.Read(parameter.Type, stored, widened, count);
        rule.Apply(slice, new Span<float>(widened, count), gradient, learningRate);
        ushort* random = (ushort*)(buffer + (3 * UpdateSlice));
        NoiseField.FillBits(rounding, parameter.Id, NoiseField.GroupOf(row, column, parameter.Columns), new Span<ushort>(random, count));
        StochasticRounding.Write(parameter.Type, widened, random, (ushort*)stored, count);
    }

    private readonly struct UpdateWork(
        CpuBackend backend, IReadOnlyList<RowBlock> blocks, GradientEstimate estimate, UpdateRule rule, double learningRate,
        NoiseKey rounding) : IWork
    {
        public void Do(int item, int worker)
        {
            var (parameter, first, rows) = blocks[item];
            for (int row = first; row < first + rows; row++)
            {
                for (int column = 0; column < parameter.Columns; column += UpdateSlice)
                {
                    int count = Math.Min(UpdateSlice, parameter.Columns - column);
                    UpdateRow(parameter, row, column, count, estimate, rule, learningRate, rounding, backend._workspace.Scratch[worker]);
                }
            }
        }
    }

    private readonly struct FunctionWork(Action<int> body) : IWork
    {
        public void Do(int item, int worker) => body(item);
    }
}
