using System.Runtime.ExceptionServices;
using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// Runs forward passes and updates on one GPU. All work goes to one stream in order, from one thread of the host, which waits for the
/// device where losses or logits are read and nowhere else: once in a two-point step. Results do not depend on what else is in a batch.
/// </summary>
internal sealed partial class GpuBackend : IBackend
{
    private readonly UseGuard _use;
    private readonly CurrentPass _pass = new();
    private readonly KernelLauncher _kernels;
    private readonly DeviceStream _stream;
    private readonly DeviceMemory _memory;
    private readonly DeviceWeights _weights;
    private readonly DeviceState _state;
    private readonly DeviceArena _arena;
    private readonly Transfers _transfers;
    private readonly MemoryBuffer _tableBuffer;
    private readonly ArrayView<float> _table;
    private readonly SentArrays _arrays;
    private readonly RuleCompiler _rules;
    private readonly DirectionCompiler _directions;
    private readonly EstimateCompiler _estimates;
    private readonly DeviceRange _range;
    private readonly GpuActivations _activations = new();
    private readonly List<ProbeRun> _runs = [];
    private readonly Func<ProductPrecision, GpuBackend> _create;
    private readonly IKernelLoader _loader;
    private readonly IReadOnlyList<IDisposable> _owned;
    private TokenBatch _batch = new TokenBatchBuilder().Build();
    private int _probes;

    /// <param name="accelerator">The device.</param>
    /// <param name="name">What the user calls it.</param>
    /// <param name="capacity">Bytes of its memory that may be taken; null for what is usual.</param>
    /// <param name="shape">Sizes of thread groups; null for those that suit GPUs.</param>
    /// <param name="products">What products are computed in; null for what suits the device.</param>
    /// <param name="owned">What to dispose of with the backend, in this order.</param>
    public GpuBackend(
        Accelerator accelerator,
        string name,
        long? capacity = null,
        LaunchShape? shape = null,
        ProductPrecision? products = null,
        params IReadOnlyList<IDisposable> owned)
        : this(accelerator, new AcceleratorLoader(accelerator, name), name, capacity, shape, products, owned)
    {
    }

    private GpuBackend(
        Accelerator accelerator,
        AcceleratorLoader loader,
        string name,
        long? capacity,
        LaunchShape? shape,
        ProductPrecision? products,
        IReadOnlyList<IDisposable> owned)
        : this(accelerator, (IKernelLoader)loader, name, capacity, shape, products, [loader, .. owned])
    {
    }

    internal GpuBackend(
        Accelerator accelerator,
        IKernelLoader loader,
        string name,
        long? capacity,
        LaunchShape? shape,
        ProductPrecision? products,
        IReadOnlyList<IDisposable> owned)
    {
        _use = new UseGuard(nameof(GpuBackend), Release);
        _owned = owned;
        _loader = loader;
        _create = other => new GpuBackend(accelerator, loader, name, _memory!.Free, shape, other, []);
        var faults = new DeviceFaults(name);
        _stream = new DeviceStream(accelerator.DefaultStream, faults);
        var possible = ProductPrecisions.Of(accelerator.Device);
        _kernels = new KernelLauncher(loader, accelerator.DefaultStream, faults, shape ?? LaunchShape.Gpu, products ?? possible[0]);
        OtherPrecisions = [.. possible.Where(p => p != Products)];
        _memory = new DeviceMemory(accelerator, name, capacity ?? accelerator.MemorySize - GpuMemory.WorkingBytes, faults);
        _weights = new DeviceWeights(_stream, _memory);
        _state = new DeviceState(_stream, _memory, _weights);
        _arena = new DeviceArena(_memory);
        _transfers = new Transfers(_stream, _memory);
        float[] table = [.. NormalTransform.Coefficients];
        _tableBuffer = _memory.Take(table.Length * sizeof(float), "tables");
        _table = new ArrayView<float>(_tableBuffer, 0, table.Length);
        _stream.Write(table, _table);
        _range = new DeviceRange(_stream, _memory);
        _arrays = new SentArrays(_transfers);
        var numbers = new NumbersCompiler(_arrays, _state);
        _rules = new RuleCompiler(numbers);
        _directions = new DirectionCompiler(_table, _arrays, _state, numbers, _rules, new SumsOfOperation(this));
        _estimates = new EstimateCompiler(_directions, _transfers);
    }

    public Engine Engine => new(EngineName.Cuda, Products.Name());

    public long Pass => _pass.Number;

    public long? FreeBytes => _memory.Free;

    /// <summary>What products are computed in.</summary>
    public ProductPrecision Products => _kernels.Products;

    /// <summary>What the device can compute products in beside that.</summary>
    public IReadOnlyList<ProductPrecision> OtherPrecisions { get; }

    /// <summary>Bytes of device memory in use.</summary>
    public long UsedBytes => _memory.Used;

    public void Load(ParameterSet parameters)
    {
        using var use = _use.Enter();
        using var held = parameters.Read();
        _stream.Wait();
        _arena.Dispose();
        _state.Dispose();
        _weights.Load(parameters);
    }

    /// <summary>Loads kernels, on all processors; those that the device refuses are refused again when they are launched.</summary>
    internal void Prepare(IReadOnlyList<Action<IKernelLoader>> kernels) =>
        System.Threading.Tasks.Parallel.ForEach(kernels, PtxCompiler.Threads, load =>
        {
            try
            {
                load(_loader);
            }
            catch (DeviceException)
            {
            }
        });

    /// <summary>The same device, without what is loaded here, with products in another precision; to be disposed of first.</summary>
    internal GpuBackend With(ProductPrecision precision) => _create(precision);

    public void Store(ParameterSet parameters)
    {
        using var use = _use.Enter();
        using var alone = parameters.Write();
        _weights.Store(parameters);
    }

    public KeyValueCache CreateCache(int layers, int features, int capacity)
    {
        using var use = _use.Enter();
        return new GpuKeyValueCache(_memory, _stream, layers, features, capacity);
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
        ProbeRun.Find(probes, _runs);
        _probes = probes.Count;
        _batch = batch;
        _arena.Reset();
        _activations.Reset(_pass.Number);
        _transfers.Reset();
        _arrays.Forget();
        _rotations.Clear();
        BeginAttention((GpuKeyValueCache?)cache);
    }

    public void Reserve(int features, int widestInput)
    {
        using var use = EnterPass();
        _arena.Reserve(((long)features + OperandWords(widestInput)) * _batch.Count * _probes);
    }

    public Activation Rent(int features, Activation? like = null)
    {
        using var use = EnterPass();
        return Allocate(features, like is null ? _batch.Count : Own(like).Tokens);
    }

    public void Return(Activation activation)
    {
        using var use = EnterPass();
        _arena.Return(Own(activation).Block);
    }

    public Activation Slice(Activation x, int first, int features)
    {
        using var use = EnterPass();
        Fit.Slice(x, first, features);
        var slice = _activations.Next();
        slice.DescribeSlice(Own(x), first, features);
        return slice;
    }

    public Activation GatherOutputs(Activation x)
    {
        using var use = EnterPass();
        var from = Own(x);
        var to = Allocate(x.Features, _batch.Outputs.Count);
        Gather(from.All, to.Contiguous, Send(_batch.Outputs), from.Tokens, from.Features);
        return to;
    }

    public void Read(Activation x, int probe, Span<float> destination)
    {
        using var use = EnterPass();
        var from = Own(x);
        var block = _arena.Rent((long)x.Tokens * x.Features);
        Gather(from.Probe(probe), block.View, _range.To(x.Tokens), x.Tokens, x.Features);
        _stream.Read(block.View, destination);
        _arena.Return(block);
    }

    /// <summary>On the host, for what methods keep there.</summary>
    public void Parallel(int items, Action<int> body)
    {
        using var use = _use.Enter();
        try
        {
            System.Threading.Tasks.Parallel.For(0, items, body);
        }
        catch (AggregateException e)
        {
            // As on the CPU, a failure reaches the caller as it is.
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    public void Dispose() => _use.Dispose();

    private void Release()
    {
        try
        {
            _stream.Wait();
        }
        catch (DeviceException)
        {
            // Whoever read a result has been told.
        }

        _arena.Dispose();
        _transfers.Dispose();
        _range.Dispose();
        _state.Dispose();
        _weights.Dispose();
        DeviceFaults.Release(_tableBuffer);
        foreach (var owner in _owned)
        {
            DeviceFaults.Release(owner);
        }
    }

    /// <summary>Begins an operation of the calling thread's pass.</summary>
    private UseGuard.Use EnterPass() => _pass.Enter(_use);

    /// <summary>An activation of the pass.</summary>
    private GpuActivation Own(Activation x)
    {
        _pass.RequireOwn(x);
        return (GpuActivation)x;
    }

    // The rows of each probe, as [probe, row, feature].
    private void Gather(RowsView x, ArrayView<float> y, ArrayView<int> rows, int tokens, int features) =>
        _kernels.LaunchItems(Elementwise.Gather, y.Length, new GatherArguments
        {
            X = x,
            Y = y,
            Rows = rows,
            RowCount = (int)rows.Length,
            Tokens = tokens,
            Features = features,
        });

    private GpuActivation Allocate(int features, int tokens)
    {
        var activation = _activations.Next();
        activation.Describe(features, tokens, _probes, _arena.Rent((long)features * tokens * _probes));
        return activation;
    }

    private ArrayView<int> Send(IReadOnlyList<int> values)
    {
        var staged = _transfers.Stage<int>(values.Count);
        for (int i = 0; i < staged.Values.Length; i++)
        {
            staged.Values[i] = values[i];
        }

        return _transfers.Send(staged);
    }

    // Finds the types of a kernel that reads a tensor as the probes of a run see it.
    private void Perturb<TVisitor>(Parameter parameter, ProbeRun run, TVisitor visitor)
        where TVisitor : struct, IWeightsVisitor
    {
        // The device has its own copy, but a model that was disposed of is gone here too.
        using var held = parameter.Set is { } set ? set.Read() : default;
        var reader = new WeightsReader<TVisitor>(_weights[parameter], parameter, run, visitor);
        if (run.Direction is not { } direction || !parameter.IsTrained || !direction.Covers(parameter))
        {
            reader.Visit(default(NoDirection), [default]);
        }
        else
        {
            _directions.Compile([direction], parameter, reader);
        }
    }

    private readonly struct WeightsReader<TVisitor>(WeightView weights, Parameter parameter, ProbeRun run, TVisitor visitor)
        : IDirectionVisitor
        where TVisitor : struct, IWeightsVisitor
    {
        public void Visit<TDirection>(TDirection direction, ReadOnlySpan<NoiseSource> noise)
            where TDirection : struct, IDirection =>
            Specialization.Choose(
                parameter.Type,
                run.AreTwo,
                new PerturbedWeights<TDirection>
                {
                    Weights = weights,
                    Columns = parameter.Columns,
                    Direction = direction,
                    Term = new Term(noise[0], 1, 0),
                    Radius0 = run.Radius0,
                    Radius1 = run.Radius1,
                },
                visitor);
    }
}
