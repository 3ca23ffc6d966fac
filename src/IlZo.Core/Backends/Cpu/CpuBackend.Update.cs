using IlZo.Noise;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Backends.Cpu;

internal sealed unsafe partial class CpuBackend
{
    private IReadOnlyList<Parameter> _blocksOf = [];
    private IReadOnlyList<RowBlock> _blocks = [];

    public bool PutsUpdatesOff => _workspace.Streamed is not null;

    public void Update(
        IReadOnlyList<Parameter> parameters, GradientEstimate estimate, UpdateRule rule, double learningRate, NoiseKey rounding)
    {
        using var use = _use.Enter();
        UpdateHere([new WeightUpdate(parameters, estimate, rule, learningRate, rounding)], default);

        // What the estimate and the rule are made of may be other numbers from here on.
        _workspace.Streamed?.Settle();
    }

    public void UpdateAll(IReadOnlyList<WeightUpdate> updates, CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        UpdateHere(updates, cancellation);
    }

    private void UpdateHere(IReadOnlyList<WeightUpdate> updates, CancellationToken cancellation)
    {
        WeightUpdate[] all = [.. updates.Where(u => u.Parameters.Count > 0)];
        if (all.Length == 0)
        {
            return;
        }

        using var alone = all[0].Parameters[0].Set is { } set ? set.Write() : default;
        if (_workspace.Streamed is { } streamed)
        {
            streamed.Add(all);
            all = [.. all.Select(u => u with { Parameters = streamed.Others(u.Parameters) })];
        }

        var parameters = all[0].Parameters;
        if (Array.TrueForAll(all, u => ReferenceEquals(u.Parameters, parameters)))
        {
            _updater.UpdateAll(BlocksOf(parameters), all, cancellation);
        }
        else
        {
            _updater.Update(RowBlock.Of(all.SelectMany(u => u.Parameters).Distinct()), all, cancellation);
        }
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

    private readonly struct FunctionWork(Action<int> body) : IWork
    {
        public void Do(int item, int worker) => body(item);
    }
}
