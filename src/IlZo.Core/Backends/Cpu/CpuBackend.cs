using IlZo.Backends.Cpu.Emitted;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// The managed SIMD engine. Every result is a function of the weights, the tokens and the probe alone: summation orders
/// are fixed, so neither the number of threads nor what else is in a batch changes a bit.
/// </summary>
internal sealed unsafe partial class CpuBackend : IBackend
{
    private static readonly Probe[] s_stored = [Probe.Unperturbed];

    private readonly UseGuard _use;
    private readonly CurrentPass _pass = new();
    private readonly ProductEngine _products;
    private readonly WorkerPool _pool;
    private readonly WorkerScratch[] _scratch;
    private readonly ActivationArena _arena = new();
    private readonly PackedActivation _packed = new();
    private readonly TextRuns _runs = new();
    private readonly RotationTables _rotations = new();
    private TokenBatch _batch = new TokenBatchBuilder().Build();
    private IReadOnlyList<Probe> _probes = [];
    private CpuKeyValueCache? _cache;

    /// <param name="threads">Threads to use, or null for all processors.</param>
    /// <param name="engine">What computes products; null for the C# kernels.</param>
    public CpuBackend(int? threads = null, EngineChoice? engine = null)
        : this(threads, (engine ?? EngineChoice.Managed).CreateProducts())
    {
    }

    /// <param name="threads">Threads to use, or null for all processors.</param>
    /// <param name="products">What computes products.</param>
    internal CpuBackend(int? threads, ProductEngine products)
    {
        if (threads is < 1 or > 1024)
        {
            throw new InvalidInputException($"The number of threads is {threads}; 1 to 1024 were expected.");
        }

        _use = new UseGuard(nameof(CpuBackend), Release);
        _products = products;
        _pool = new WorkerPool(threads ?? Environment.ProcessorCount, products.NeedsTiles ? SignalStack.Install : null);
        Profile = new CpuProfile(_pool.Count);
        _scratch = new WorkerScratch[_pool.Count];
        for (int i = 0; i < _scratch.Length; i++)
        {
            _scratch[i] = new WorkerScratch();
        }
    }

    public Engine Engine => _products.Engine;

    public long Pass => _pass.Number;

    public long? FreeBytes => null;

    /// <summary>Threads that work.</summary>
    public int Threads => _pool.Count;

    /// <summary>Where the time went.</summary>
    public CpuProfile Profile { get; }

    public void Load(ParameterSet parameters)
    {
        // Weights are read where they lie.
        using var use = _use.Enter();
        using var held = parameters.Read();
    }

    public void Store(ParameterSet parameters)
    {
        // Updates change them there.
        using var use = _use.Enter();
        using var held = parameters.Read();
    }

    public void Store(ParameterState state)
    {
        // They are kept there.
        using var use = _use.Enter();
    }

    public void Keep(WeightCopy copy)
    {
        using var use = _use.Enter();
        using var held = Read(copy.Parameters);
        copy.Keep(RunAll);
    }

    public KeyValueCache CreateCache(int layers, int features, int capacity)
    {
        using var use = _use.Enter();
        return new CpuKeyValueCache(layers, features, capacity);
    }

    public void Begin(TokenBatch batch, IReadOnlyList<Probe> probes, KeyValueCache? cache = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(probes.Count, nameof(probes));
        if (cache is not null && (probes.Count != 1 || batch.Segments.Count != 1))
        {
            throw new ArgumentException("A cache serves one text and one probe.", nameof(cache));
        }

        using var use = _use.Enter();
        _pass.Begin();
        cache?.Begin(_pass.Number);
        _batch = batch;
        _runs.Set(batch);
        _probes = probes;
        _cache = (CpuKeyValueCache?)cache;
        _arena.Reset(_pass.Number);
        _packed.Forget();
        _rotations.Reset();
    }

    public void Reserve(int features, int widestInput)
    {
        using var use = EnterPass();
        _arena.Reserve((long)features * CpuActivation.PanelsFor(_batch.Count) * Panel.Lanes * _probes.Count * sizeof(float));
    }

    public Activation Rent(int features, Activation? like = null)
    {
        using var use = EnterPass();
        return _arena.Rent(features, like is null ? _batch.Count : Own(like).Tokens, _probes.Count);
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
        var to = _arena.Rent(x.Features, _batch.Outputs.Count, _probes.Count);
        to.Prepare(from.IsShared, keep: false);
        _pool.Run(to.AllPanels, new GatherWork(from, _batch.Outputs, to));
        return to;
    }

    public void Read(Activation x, int probe, Span<float> destination)
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

    public void Dispose() => _use.Dispose();

    private void Release()
    {
        _pool.Dispose();
        _arena.Dispose();
        _packed.Dispose();
        foreach (var scratch in _scratch)
        {
            scratch.Dispose();
        }
    }

    /// <summary>Begins an operation of the calling thread's pass.</summary>
    private UseGuard.Use EnterPass() => _pass.Enter(_use);

    /// <summary>An activation of the pass.</summary>
    private CpuActivation Own(Activation x)
    {
        _pass.RequireOwn(x);
        return (CpuActivation)x;
    }

    /// <summary>Keeps tensors, which are of one set, where and as they are until the use ends.</summary>
    private static UseGuard.Use Read(IReadOnlyList<Parameter> parameters) =>
        parameters.Count > 0 && parameters[0].Set is { } set ? set.Read() : default;

    /// <summary>Whether a tensor's values differ between the probes of the pass or from the stored ones.</summary>
    private bool IsPerturbed(Parameter parameter)
    {
        for (int probe = 0; probe < _probes.Count && parameter.IsTrained; probe++)
        {
            if (_probes[probe].Direction?.Covers(parameter) == true)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The points at which a tensor has to be read: those of the pass, or one where it is the same at all of them.</summary>
    private IReadOnlyList<Probe> PointsOf(Parameter parameter) => IsPerturbed(parameter) ? _probes : s_stored;

    /// <summary>A vector parameter at every probe; the room goes back with <see cref="ReturnVector"/>.</summary>
    private float* RentVector(Parameter vector)
    {
        float* values = _arena.Rent((long)vector.Columns * _probes.Count * sizeof(float));
        WeightReader.ReadVector(vector, _probes, values, _scratch[0]);
        return values;
    }

    private void ReturnVector(Parameter vector, float* values) =>
        _arena.Return(values, (long)vector.Columns * _probes.Count * sizeof(float));

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
