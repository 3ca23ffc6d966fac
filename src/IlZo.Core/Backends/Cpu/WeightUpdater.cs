using IlZo.Arithmetic;
using IlZo.Noise;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Backends.Cpu;

/// <summary>Changes weights in the machine's memory, on all of a backend's threads.</summary>
/// <param name="pool">The threads.</param>
/// <param name="scratch">Buffers of each.</param>
internal sealed unsafe class WeightUpdater(WorkerPool pool, WorkerScratch[] scratch)
{
    // Elements of a slice: its buffers (weights, gradient, noise) stay in the first-level cache.
    private const int UpdateSlice = 16 * NoiseField.Group;

    /// <summary>Makes updates of which each changes all tensors that are there.</summary>
    /// <param name="blocks">The tensors.</param>
    /// <param name="updates">The updates, in their order.</param>
    /// <param name="cancellation">Ends the work, at weights that no number of updates leads to.</param>
    public void UpdateAll(IReadOnlyList<RowBlock> blocks, WeightUpdate[] updates, CancellationToken cancellation = default)
    {
        using var rules = new HeldRules(updates);
        pool.Run(blocks.Count, new UpdateWork(scratch, blocks, updates, null, cancellation));
    }

    /// <summary>Makes updates of which each changes some of the tensors that are there, and maybe others.</summary>
    /// <inheritdoc cref="UpdateAll"/>
    public void Update(IReadOnlyList<RowBlock> blocks, WeightUpdate[] updates, CancellationToken cancellation = default)
    {
        using var rules = new HeldRules(updates);
        var own = updates.SelectMany(u => u.Parameters, (Update, Parameter) => (Update, Parameter))
            .GroupBy(pair => pair.Parameter, pair => pair.Update)
            .ToDictionary(group => group.Key, group => group.ToArray());
        pool.Run(blocks.Count, new UpdateWork(scratch, blocks, [], own, cancellation));
    }

    // A slice stays in the first-level cache, and in fp32, until all updates have changed it.
    private static void Update(in WeightSlice slice, int count, WeightUpdate[] updates, WorkerScratch scratch)
    {
        var parameter = slice.Parameter;
        float* buffer = scratch.Tile(3 * UpdateSlice);
        var gradient = new Span<float>(buffer, count);
        var noise = new Span<float>(buffer + UpdateSlice, count);
        byte* stored = parameter.At(slice.Row, slice.Column);
        bool isWide = parameter.Type == DType.F32;
        float* weights = isWide ? (float*)stored : buffer + (2 * UpdateSlice);
        long group = NoiseField.GroupOf(slice.Row, slice.Column, parameter.Columns);

        // Generating the noise takes longer than memory does.
        CacheLines.Prefetch(stored, (long)count * parameter.Type.Size());
        for (int i = 0; i < updates.Length; i++)
        {
            var update = updates[i];
            Add(update.Estimate, slice, gradient, noise);
            if (isWide)
            {
                update.Rule.Apply(slice, new Span<float>(weights, count), gradient, update.LearningRate);
                continue;
            }

            if (i == 0)
            {
                Widening.Read(parameter.Type, stored, weights, count);
            }

            update.Rule.Apply(slice, new Span<float>(weights, count), gradient, update.LearningRate);
            NoiseField.Round(parameter.Type, update.Rounding, parameter.Id, group, new Span<float>(weights, count));
            if (i == updates.Length - 1 || ReadsWeights(updates[i + 1].Estimate))
            {
                StochasticRounding.Store(parameter.Type, weights, (ushort*)stored, count);
            }
        }
    }

    private static void Add(GradientEstimate estimate, in WeightSlice slice, Span<float> gradient, Span<float> noise)
    {
        var terms = estimate.Terms;
        if (terms.Count == 0)
        {
            gradient.Clear();
        }

        for (int term = 0; term < terms.Count; term++)
        {
            var (coefficient, direction) = terms[term];
            direction.AddTo(slice, (float)coefficient, gradient, isFirst: term == 0, noise);
        }
    }

    private static bool ReadsWeights(GradientEstimate estimate)
    {
        for (int term = 0; term < estimate.Terms.Count; term++)
        {
            if (estimate.Terms[term].Direction.ReadsWeights)
            {
                return true;
            }
        }

        return false;
    }

    // Updates that change a tensor are those of all tensors, or the tensor's own.
    private readonly struct UpdateWork(
        WorkerScratch[] scratch, IReadOnlyList<RowBlock> blocks, WeightUpdate[] all, Dictionary<Parameter, WeightUpdate[]>? own,
        CancellationToken cancellation) : IWork
    {
        public void Do(int item, int worker)
        {
            cancellation.ThrowIfCancellationRequested();
            var (parameter, first, rows) = blocks[item];
            var updates = own is null ? all : own.GetValueOrDefault(parameter, []);
            for (int row = first; row < first + rows && updates.Length > 0; row++)
            {
                for (int column = 0; column < parameter.Columns; column += UpdateSlice)
                {
                    int count = Math.Min(UpdateSlice, parameter.Columns - column);
                    Update(new WeightSlice(parameter, row, column), count, updates, scratch[worker]);
                }
            }
        }
    }

    // The rules of some updates, each in one use.
    private readonly struct HeldRules : IDisposable
    {
        private readonly List<UseGuard.Use> _uses = [];

        public HeldRules(WeightUpdate[] updates)
        {
            try
            {
                foreach (var rule in updates.Select(u => u.Rule).Distinct())
                {
                    _uses.Add(rule.Hold());
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public void Dispose() => _uses.ForEach(use => use.Dispose());
    }
}
