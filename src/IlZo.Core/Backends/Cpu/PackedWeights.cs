using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Some outputs of a linear layer, packed at every probe for one slice of the inputs at a time. Weights keep the order they are stored
/// in: as rows of <see cref="Panel.Depth"/> inputs, or as rows of all the block's outputs. Every output sums over the inputs in their
/// order either way, so the layouts give the same bits.
/// </summary>
internal readonly unsafe struct PackedWeights
{
    private readonly Parameter _weight;
    private readonly WeightLayout _layout;
    private readonly IReadOnlyList<Probe> _probes;
    private readonly WorkerScratch _scratch;
    private readonly float* _packed;
    private readonly int _stride;
    private readonly long _probeStride;

    /// <param name="weight">The tensor.</param>
    /// <param name="layout">How it is stored.</param>
    /// <param name="first">The first output of the block; a multiple of 64 where outputs are columns.</param>
    /// <param name="outputs">Outputs of the block.</param>
    /// <param name="probes">The points to read at.</param>
    /// <param name="scratch">The calling worker's buffers.</param>
    public PackedWeights(
        Parameter weight, WeightLayout layout, int first, int outputs, IReadOnlyList<Probe> probes, WorkerScratch scratch)
    {
        _weight = weight;
        _layout = layout;
        First = first;
        Outputs = outputs;
        _probes = probes;
        _scratch = scratch;
        _stride = layout == WeightLayout.OutIn ? Panel.Stride : WeightReader.TransposedStride(outputs);
        _probeStride = (long)_stride * (layout == WeightLayout.OutIn ? Panel.Padded(outputs) : Panel.Depth);
        _packed = scratch.Packed(_probeStride * probes.Count);
    }

    /// <summary>The first output of the block.</summary>
    public int First { get; }

    /// <summary>Outputs of the block.</summary>
    public int Outputs { get; }

    /// <summary>Reads the weights of inputs <paramref name="input"/> … at every probe.</summary>
    /// <param name="input">The first input, a multiple of <see cref="Panel.Depth"/>.</param>
    /// <param name="depth">Inputs of the slice, at most <see cref="Panel.Depth"/>.</param>
    public void Pack(int input, int depth)
    {
        if (_layout == WeightLayout.OutIn)
        {
            WeightReader.Pack(_weight, First, Outputs, input, depth, _probes, _packed, _scratch);
        }
        else
        {
            WeightReader.PackTransposed(_weight, input, depth, First, Outputs, _probes, _packed, _scratch);
        }
    }

    /// <summary>Y[outputs][32] += the slice's weights at one probe, or at the only point they were read at, · X[depth][32].</summary>
    public void Multiply(int probe, float* x, float* y, int depth)
    {
        float* packed = _packed + (_probes.Count == 1 ? 0 : probe * _probeStride);
        if (_layout == WeightLayout.OutIn)
        {
            Panel.Multiply(packed, Outputs, x, y, depth);
        }
        else
        {
            Panel.MultiplyTransposed(packed, _stride, Outputs, x, y, depth);
        }
    }
}
