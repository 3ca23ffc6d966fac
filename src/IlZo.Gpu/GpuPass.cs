using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Perturbations;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>A pass on a GPU. Its operations are begun in order and not waited for; results that are read are.</summary>
internal sealed partial class GpuPass : IPass
{
    private readonly PassGuard _pass;
    private readonly GpuWorkspace _device;
    private readonly TokenBatch _batch;
    private readonly GpuKeyValueCache? _cache;
    private readonly int _points;

    /// <param name="pass">Keeps the pass to itself.</param>
    /// <param name="device">What it works with; no other pass does from here on.</param>
    /// <param name="batch">The tokens.</param>
    /// <param name="probes">The points.</param>
    /// <param name="cache">Earlier tokens of the texts.</param>
    public GpuPass(PassGuard pass, GpuWorkspace device, TokenBatch batch, IReadOnlyList<Probe> probes, GpuKeyValueCache? cache)
    {
        (_pass, _device, _batch, _cache, _points) = (pass, device, batch, cache, ProbePoints.Count(probes));
        cache?.Begin(pass.Number);
        ProbeRun.List(probes, device.Runs);
        device.Begin(pass.Number);
    }

    public TokenBatch Batch => _batch;

    public void Reserve(int features, int widestInput)
    {
        using var use = EnterPass();
        var products = _device.Kernels.Products;
        int words = ProductPlan.WordsOfRow(products, widestInput, ProductPlan.IsPrepared(products, _batch.Count));
        _device.Arena.Reserve(((long)features + words) * _batch.Count * _points);
    }

    public Activation Rent(int features, Activation? like = null)
    {
        using var use = EnterPass();
        return Allocate(features, like is null ? _batch.Count : Own(like).Tokens);
    }

    public void Return(Activation activation)
    {
        using var use = EnterPass();
        _device.Arena.Return(Own(activation).Block);
    }

    public Activation Slice(Activation x, int first, int features)
    {
        using var use = EnterPass();
        Fit.Slice(x, first, features);
        var slice = _device.Activations.Next();
        slice.DescribeSlice(Own(x), first, features);
        return slice;
    }

    public void EnterLayer(int layer)
    {
        using var use = EnterPass();
        _device.Weights.Streamed?.Enter(layer);
    }

    public void LeaveLayer(int layer)
    {
        using var use = EnterPass();
        _device.Weights.Streamed?.Leave(layer);
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
        var block = _device.Arena.Rent((long)x.Tokens * x.Features);
        Gather(from.Probe(probe), block.View, _device.Range.To(x.Tokens), x.Tokens, x.Features);
        _device.Stream.Read(block.View, destination);
        _device.Arena.Return(block);
    }

    /// <summary>Begins an operation.</summary>
    private UseGuard.Use EnterPass() => _pass.Enter();

    /// <summary>An activation of the pass.</summary>
    private GpuActivation Own(Activation x)
    {
        _pass.RequireOwn(x);
        return (GpuActivation)x;
    }

    // The rows of each probe, as [probe, row, feature].
    private void Gather(RowsView x, ArrayView<float> y, ArrayView<int> rows, int tokens, int features) =>
        _device.Kernels.LaunchItems(Elementwise.Gather, y.Length, new GatherArguments
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
        var activation = _device.Activations.Next();
        activation.Describe(features, tokens, _points, _device.Arena.Rent((long)features * tokens * _points));
        return activation;
    }

    private ArrayView<int> Send(IReadOnlyList<int> values)
    {
        var staged = _device.Transfers.Stage<int>(values.Count);
        for (int i = 0; i < staged.Values.Length; i++)
        {
            staged.Values[i] = values[i];
        }

        return _device.Transfers.Send(staged);
    }
}
