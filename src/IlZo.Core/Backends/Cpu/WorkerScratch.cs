using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>One worker's buffers, grown to the largest size asked for.</summary>
internal sealed unsafe class WorkerScratch : IDisposable
{
    private readonly NativeBuffer?[] _buffers = new NativeBuffer?[4];
    private WorkerScratch? _tangents;

    /// <summary>Elements of one row of a direction.</summary>
    public float* Noise(long floats) => Get(0, floats);

    /// <summary>Packed weights, keys or values.</summary>
    public float* Packed(long floats) => Get(1, floats);

    /// <summary>A second packed operand, or what is about to be packed.</summary>
    public float* Packed2(long floats) => Get(2, floats);

    /// <summary>Results before they go where they belong.</summary>
    public float* Tile(long floats) => Get(3, floats);

    /// <summary>The same again, for the tangents of what these hold.</summary>
    public WorkerScratch Tangents => _tangents ??= new WorkerScratch();

    public void Dispose()
    {
        _tangents?.Dispose();
        foreach (var buffer in _buffers)
        {
            buffer?.Dispose();
        }
    }

    private float* Get(int index, long floats)
    {
        if (_buffers[index] is not { } buffer || buffer.ByteCount < floats * sizeof(float))
        {
            _buffers[index]?.Dispose();
            _buffers[index] = buffer = new NativeBuffer(floats * sizeof(float));
        }

        return (float*)buffer.Data;
    }
}
