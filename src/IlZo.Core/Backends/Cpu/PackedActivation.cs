using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// The packed form of the activation that was packed last, good until that is written. Layers that read the same activation follow each
/// other (queries, keys and values; a gate and what it gates), so that one is kept, in memory of its own: the arena could not take it back
/// in order.
/// </summary>
internal sealed unsafe class PackedActivation : IDisposable
{
    private NativeBuffer? _memory;
    private CpuActivation? _activation;
    private long _version;

    /// <summary>Whether it is the packed form of an activation's present values.</summary>
    public bool IsOf(CpuActivation x) => ReferenceEquals(x, _activation) && x.Version == _version;

    /// <summary>Makes it that of an activation's present values, which the caller packs unless they are there.</summary>
    /// <param name="x">The activation.</param>
    /// <param name="bytes">Room for all its panels.</param>
    public byte* Hold(CpuActivation x, long bytes)
    {
        if (_memory is null || _memory.ByteCount < bytes)
        {
            _memory?.Dispose();
            _memory = new NativeBuffer(bytes);
        }

        _activation = x;
        _version = x.Version;
        return (byte*)_memory.Data;
    }

    /// <summary>Forgets what was packed, as the pass whose activation that is ends.</summary>
    public void Forget() => _activation = null;

    public void Dispose() => _memory?.Dispose();
}
