using IlZo.Backends;
using IlZo.Kernels;
using ILGPU;

namespace IlZo.Gpu;

/// <summary>
/// An activation on a device: a row for each token of each probe, the probes one after another. <see cref="GpuActivations"/> makes these
/// objects, and uses them again in the next pass.
/// </summary>
internal sealed class GpuActivation() : Activation(0, 0)
{
    private ArrayView<float> _data;
    private int _pitch;
    private int _probes;

    public DeviceArena.Block Block { get; private set; }

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

    /// <summary>Makes this stand for some memory.</summary>
    /// <param name="features">Features of a token.</param>
    /// <param name="tokens">Tokens of a probe.</param>
    /// <param name="probes">Probes.</param>
    /// <param name="block">Where it lies.</param>
    public void Describe(int features, int tokens, int probes, DeviceArena.Block block)
    {
        (Features, Tokens, _probes) = (features, tokens, probes);
        (Block, _data, _pitch) = (block, block.View, features);
    }

    /// <summary>Makes this stand for some consecutive features of another, where they are.</summary>
    public void DescribeSlice(GpuActivation whole, int first, int features)
    {
        (Features, Tokens, _probes) = (features, whole.Tokens, whole._probes);
        (Block, _data, _pitch) = (whole.Block, whole._data.SubView(first, whole._data.Length - first), whole._pitch);
    }
}
