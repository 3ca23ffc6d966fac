using IlZo.Backends;
using IlZo.Kernels;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>An activation on a device: a row for each token of each probe, the probes one after another.</summary>
internal sealed class GpuActivation : Activation
{
    private readonly ArrayView<float> _data;
    private readonly int _pitch;
    private readonly int _probes;

    /// <param name="features">Features of a token.</param>
    /// <param name="tokens">Tokens of a probe.</param>
    /// <param name="probes">Probes.</param>
    /// <param name="block">Where it lies.</param>
    public GpuActivation(int features, int tokens, int probes, DeviceArena.Block block)
        : this(features, tokens, probes, block, block.View, features)
    {
    }

    private GpuActivation(int features, int tokens, int probes, DeviceArena.Block block, ArrayView<float> data, int pitch)
        : base(features, tokens) => (_probes, Block, _data, _pitch) = (probes, block, data, pitch);

    public DeviceArena.Block Block { get; }

    /// <summary>The rows of all probes.</summary>
    public RowsView All => new(_data, _pitch);

    /// <summary>The numbers in a row, where it is no slice.</summary>
    public ArrayView<float> Contiguous => _pitch == Features
        ? _data
        : throw new NotSupportedException("Embeddings and outputs cannot be written to a slice.");

    /// <summary>Rows of all probes.</summary>
    public int Rows => _probes * Tokens;

    /// <summary>One probe's rows.</summary>
    /// <param name="probe">The probe.</param>
    /// <param name="firstToken">The token of the first row.</param>
    public RowsView Probe(int probe, int firstToken = 0)
    {
        long first = (((long)probe * Tokens) + firstToken) * _pitch;
        return new RowsView(_data.SubView(first, _data.Length - first), _pitch);
    }

    /// <summary>Some consecutive features.</summary>
    public GpuActivation Slice(int first, int features) =>
        new(features, Tokens, _probes, Block, _data.SubView(first, _data.Length - first), _pitch) { Pass = Pass };
}
