using System.Runtime.ExceptionServices;
using IlZo.Backends;
using IlZo.Perturbations;
using IlZo.Tensors;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// Runs forward passes and updates on one GPU. All work goes to one stream in order, from one thread of the host, which waits for the
/// device where losses or logits are read and nowhere else: once in a two-point step. Results do not depend on what else is in a batch.
/// </summary>
internal sealed partial class GpuBackend : IBackend
{
    private readonly UseGuard _use;
    private readonly PassTurn _turn = new();
    private readonly GpuWorkspace _device;
    private readonly Func<ProductPrecision, LaunchShape?, GpuBackend> _create;
    private readonly IKernelLoader _loader;
    private readonly IReadOnlyList<IDisposable> _owned;

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
        _create = (other, shape) => new GpuBackend(accelerator, loader, name, _device!.Memory.Free, shape, other, []);
        HasWarpgroups = Warpgroups.Are(accelerator.Device);
        var possible = ProductPrecisions.Of(accelerator.Device);
        _device = new GpuWorkspace(accelerator, loader, name, capacity, shape, products ?? possible[0], new SumsOfOperation(this), Launch);
        OtherPrecisions = [.. possible.Where(p => p != Products)];
    }

    public Engine Engine => new(EngineName.Cuda, Products.Name());

    public long? FreeBytes => _device.Memory.Free;

    /// <summary>What products are computed in.</summary>
    public ProductPrecision Products => _device.Kernels.Products;

    /// <summary>What the device can compute products in beside that.</summary>
    public IReadOnlyList<ProductPrecision> OtherPrecisions { get; }

    /// <summary>Whether the device has products of warpgroups, used or not (<see cref="Warpgroups"/>).</summary>
    public bool HasWarpgroups { get; }

    /// <summary>Bytes of device memory in use.</summary>
    public long UsedBytes => _device.Memory.Used;

    public void Load(ParameterSet parameters, CancellationToken cancellation = default)
    {
        using var use = _use.Enter();
        using var held = parameters.Read();
        if (parameters.All.FirstOrDefault(p => p.Scales is not null) is { } scaled)
        {
            throw new InvalidInputException(
                $"Tensor '{scaled.Name}' is read with scales apart from its blocks, for which GPUs have no kernel; the device cpu was "
                    + "expected.");
        }

        _device.Load(parameters, parameters.BeginStreaming(_use), cancellation);
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
    internal GpuBackend With(ProductPrecision precision) => _create(precision, _device.Kernels.Shape);

    /// <summary>The same device, with products of many tokens by warpgroups; to be disposed of first.</summary>
    internal GpuBackend WithWarpgroups(ProductPrecision precision) =>
        _create(precision, _device.Kernels.Shape with { HasWarpgroups = true });

    public void Store(ParameterSet parameters)
    {
        using var use = _use.Enter();
        using var alone = parameters.Write();
        _device.Transfers.Reset();
        _device.Arrays.Forget();
        _device.Weights.Store(parameters);
    }

    public KeyValueCache CreateCache(int layers, int features, int capacity, int slots = 1)
    {
        using var use = _use.Enter();
        return new GpuKeyValueCache(_device.Memory, _device.Stream, layers, features, capacity, slots);
    }

    public IPass Begin(TokenBatch batch, IReadOnlyList<Probe> probes, KeyValueCache? cache = null)
    {
        Fit.Pass(batch, probes, cache);
        Fit.Derivative(this, probes, cache);
        using var use = _use.Enter();
        return new GpuPass(new PassGuard(_use, _turn), _device, batch, probes, (GpuKeyValueCache?)cache);
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
        _device.Dispose();
        foreach (var owner in _owned)
        {
            DeviceFaults.Release(owner);
        }
    }
}
