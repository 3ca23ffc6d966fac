using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>A pass of the managed SIMD engine.</summary>
internal unsafe partial class CpuPass : IPass
{
    private readonly PassGuard _pass;
    private readonly CpuWorkspace _workspace;
    private protected readonly ProductEngine _products;
    private protected readonly WorkerPool _pool;
    private protected readonly WorkerScratch[] _scratch;
    private protected readonly CpuProfile _profile;
    private protected readonly ActivationArena _arena;
    private readonly PackedActivation _packed;
    private protected readonly TokenBatch _batch;
    private protected readonly PassPoints _points;
    private readonly CpuKeyValueCache? _cache;

    /// <param name="pass">Keeps the pass to itself.</param>
    /// <param name="workspace">What it works with; no other pass does from here on.</param>
    /// <param name="batch">The tokens.</param>
    /// <param name="probes">The probes.</param>
    /// <param name="cache">Earlier tokens of the texts.</param>
    public CpuPass(PassGuard pass, CpuWorkspace workspace, TokenBatch batch, IReadOnlyList<Probe> probes, CpuKeyValueCache? cache)
    {
        (_pass, _batch, _points, _cache) = (pass, batch, PassPoints.Of(probes), cache);
        (_products, _pool, _scratch, _profile) = (workspace.Products, workspace.Pool, workspace.Scratch, workspace.Profile);
        (_workspace, _arena, _packed) = (workspace, workspace.Arena, workspace.Packed);
        cache?.Begin(pass.Number);
        workspace.Runs.Set(batch);
        _arena.Reset(pass.Number, _points.HasTangent);
        _packed.Forget();
        workspace.Rotations.Reset();
    }

    public TokenBatch Batch => _batch;

    public void Reserve(int features, int widestInput)
    {
        using var use = EnterPass();
        _arena.Reserve((long)features * CpuActivation.PanelsFor(_batch.Count) * Panel.Lanes * _points.Count * sizeof(float));
    }

    public Activation Rent(int features, Activation? like = null)
    {
        using var use = EnterPass();
        return _arena.Rent(features, like is null ? _batch.Count : Own(like).Tokens, _points.Count);
    }

    public void Return(Activation activation)
    {
        using var use = EnterPass();
        _arena.Return(Own(activation));
    }

    public Activation Slice(Activation x, int first, int features)
    {
        using var use = EnterPass();
        Fit.Slice(x, first, features);
        return _arena.Slice(Own(x), first, features);
    }

    public Activation GatherOutputs(Activation x)
    {
        using var use = EnterPass();
        var from = Own(x);
        var to = _arena.Rent(x.Features, _batch.Outputs.Count, _points.Count);
        to.Prepare(from.IsShared, keep: false);
        _pool.Run(to.AllPanels, new GatherWork(from, _batch.Outputs, to));
        return to;
    }

    public void EnterLayer(int layer)
    {
        using var use = EnterPass();
        _workspace.Streamed?.Enter(layer);
    }

    public void LeaveLayer(int layer)
    {
        using var use = EnterPass();
        _workspace.Streamed?.Leave(layer);
    }

    public virtual void Read(Activation x, int probe, Span<float> destination)
    {
        using var use = EnterPass();
        var from = Own(x);
        for (int t = 0; t < x.Tokens; t++)
        {
            float* source = from.Token(probe, t);
            for (int f = 0; f < x.Features; f++)
            {
                destination[(t * x.Features) + f] = source[f * Panel.Lanes];
            }
        }
    }

    /// <summary>Begins an operation.</summary>
    private protected UseGuard.Use EnterPass() => _pass.Enter();

    /// <summary>An activation of the pass.</summary>
    private protected CpuActivation Own(Activation x)
    {
        _pass.RequireOwn(x);
        return (CpuActivation)x;
    }

    /// <summary>Whether a tensor's values differ between the probes of the pass or from the stored ones.</summary>
    private protected bool IsPerturbed(Parameter parameter)
    {
        var trained = parameter.Scales ?? parameter;
        for (int probe = 0; probe < _points.Probes.Count && trained.IsTrained; probe++)
        {
            if (_points.Probes[probe].Direction?.Covers(trained) == true)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The points at which a tensor has to be read: those of the pass, or one where it is the same at all of them.</summary>
    private protected PassPoints PointsOf(Parameter parameter) => IsPerturbed(parameter) ? _points : PassPoints.Stored;

    /// <summary>The points at which the rows of a table are read for an activation.</summary>
    private protected virtual PassPoints PointsOf(Parameter table, CpuActivation y) => PointsOf(table);

    /// <summary>A vector parameter at every probe; the room goes back with <see cref="ReturnVector"/>.</summary>
    private float* RentVector(Parameter vector)
    {
        float* values = _arena.Rent((long)vector.Columns * _points.Count * sizeof(float));
        WeightReader.ReadVector(vector, _points, values, _scratch[0]);
        return values;
    }

    private void ReturnVector(Parameter vector, float* values) =>
        _arena.Return(values, (long)vector.Columns * _points.Count * sizeof(float));

    private readonly struct GatherWork(CpuActivation x, IReadOnlyList<int> tokens, CpuActivation y) : IWork
    {
        public void Do(int item, int worker)
        {
            int probe = item / y.Panels;
            int first = item % y.Panels * Panel.Lanes;
            float* destination = y.At(item);
            new Span<float>(destination, y.Features * Panel.Lanes).Clear();
            for (int lane = 0; lane < Math.Min(Panel.Lanes, y.Tokens - first); lane++)
            {
                float* source = x.Token(probe, tokens[first + lane]);
                for (int f = 0; f < y.Features; f++)
                {
                    destination[(f * Panel.Lanes) + lane] = source[f * Panel.Lanes];
                }
            }
        }
    }
}
