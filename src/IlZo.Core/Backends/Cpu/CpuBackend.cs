using IlZo.Backends.Cpu.Emitted;
using IlZo.Backends.Cpu.Streaming;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// The managed SIMD engine. Every result is a function of the weights, the tokens and the probe alone: summation orders
/// are fixed, so neither the number of threads nor what else is in a batch changes a bit.
/// </summary>
internal sealed unsafe partial class CpuBackend : IBackend
{
    private readonly UseGuard _use;
    private readonly PassTurn _turn = new();
    private readonly CpuWorkspace _workspace;
    private readonly WorkerPool _pool;
    private readonly WeightUpdater _updater;

    /// <param name="threads">Threads to use, or null for all processors.</param>
    /// <param name="engine">What computes products; null for the C# kernels.</param>
    public CpuBackend(int? threads = null, EngineChoice? engine = null)
        : this(threads, (engine ?? EngineChoice.Managed).CreateProducts(CacheBlocks.Here(threads)))
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

        _workspace = new CpuWorkspace(threads, products);
        _pool = _workspace.Pool;
        _updater = new WeightUpdater(_pool, _workspace.Scratch);
        _use = new UseGuard(nameof(CpuBackend), _workspace.Dispose);
    }

    public Engine Engine => _workspace.Products.Engine;

    public long? FreeBytes => null;

    /// <summary>Threads that work.</summary>
    public int Threads => _pool.Count;

    /// <summary>Where the time went.</summary>
    public CpuProfile Profile => _workspace.Profile;

    public void Load(ParameterSet parameters, CancellationToken cancellation = default)
    {
        // Weights are read where they lie, unless they are about to be trained.
        cancellation.ThrowIfCancellationRequested();
        using var use = _use.Enter();
        parameters.CopyTrained();
        using var held = parameters.Read();
        if (!ReferenceEquals(parameters, _workspace.Streamed?.Parameters))
        {
            _workspace.Streamed =
                parameters.BeginStreaming(_use) is { } plan ? StreamedWeights.Begin(parameters, plan, _updater) : null;
        }
    }

    public void Store(ParameterSet parameters)
    {
        // Updates change them there, but for those that wait.
        using var use = _use.Enter();
        using var held = parameters.Read();
        _workspace.Streamed?.Settle();
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
        _workspace.Streamed?.Settle();
        copy.Keep(RunAll);
        _workspace.Streamed?.Drop();
    }

    public KeyValueCache CreateCache(int layers, int features, int capacity, int slots = 1)
    {
        using var use = _use.Enter();
        return new CpuKeyValueCache(layers, features, capacity, slots);
    }

    public IPass Begin(TokenBatch batch, IReadOnlyList<Probe> probes, KeyValueCache? cache = null)
    {
        Fit.Pass(batch, probes, cache);
        bool isDerivative = Fit.Derivative(this, probes, cache);
        using var use = _use.Enter();
        var pass = new PassGuard(_use, _turn);
        return isDerivative
            ? new CpuTangentPass(pass, _workspace, batch, probes)
            : new CpuPass(pass, _workspace, batch, probes, (CpuKeyValueCache?)cache);
    }

    public IPass BeginObserved(TokenBatch batch, IInputObserver observer)
    {
        Engine.Require(PassKind.Inputs, PassKinds.AskedInputs);
        using var use = _use.Enter();
        return new CpuInputPass(new PassGuard(_use, _turn), _workspace, batch, observer);
    }

    public void Dispose() => _use.Dispose();

    /// <summary>Keeps tensors, which are of one set, where and as they are until the use ends.</summary>
    private static UseGuard.Use Read(IReadOnlyList<Parameter> parameters) =>
        parameters.Count > 0 && parameters[0].Set is { } set ? set.Read() : default;
}
