using IlZo.Kernels.TensorCores;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// Room for weights as products of many tokens take them, at the probes: of one matrix, or as many of its outputs as are prepared at a
/// time.
/// </summary>
/// <param name="memory">Where it is taken from.</param>
/// <param name="most">Bytes of weights that are prepared at a time, at most, or those of a tile.</param>
internal sealed class OperandRoom(DeviceMemory memory, long most) : IDisposable
{
    // What a pass in progress may still read.
    private readonly List<(MemoryBuffer Buffer, long Bytes)> _outgrown = [];
    private MemoryBuffer? _buffer;
    private long _bytes;

    /// <summary>Outputs of a matrix that are prepared at a time.</summary>
    /// <param name="outputs">All of them.</param>
    /// <param name="bytesOfOutput">Bytes of one, at all probes.</param>
    public int Outputs(int outputs, long bytesOfOutput) =>
        (int)Math.Min(outputs, Math.Max(most / bytesOfOutput / OperandProduct.Side, 1) * OperandProduct.Side);

    /// <summary>Some words of it, whatever they hold.</summary>
    public ArrayView<float> Take(long words)
    {
        long bytes = words * sizeof(float);
        if (_buffer is null || _bytes < bytes)
        {
            if (_buffer is not null)
            {
                _outgrown.Add((_buffer, _bytes));
                _buffer = null;
            }

            _buffer = memory.Take(bytes, "weights that are multiplied");
            _bytes = bytes;
        }

        return new ArrayView<float>(_buffer, 0, words);
    }

    /// <summary>Gives back what was too small, once nothing reads it.</summary>
    public void Reset()
    {
        foreach (var (buffer, bytes) in _outgrown)
        {
            memory.Give(buffer, bytes);
        }

        _outgrown.Clear();
    }

    public void Dispose()
    {
        Reset();
        if (_buffer is { } buffer)
        {
            memory.Give(buffer, _bytes);
            _buffer = null;
        }
    }
}
