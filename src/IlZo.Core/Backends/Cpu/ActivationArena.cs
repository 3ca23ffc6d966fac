using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Memory for the activations of one pass, and the objects that stand for them, reused by the next. What is given back in the reverse order
/// of renting, as layers do, is free for any size; the rest for the same size only.
/// </summary>
internal sealed unsafe class ActivationArena : IDisposable
{
    private const long SmallestChunk = 1 << 20;

    private readonly List<NativeBuffer> _chunks = [];
    private readonly List<(nint Data, long Bytes)> _free = [];
    private readonly List<CpuActivation> _activations = [];
    private long _used;
    private int _described;
    private long _pass;
    private bool _hasTangents;

    /// <summary>Forgets everything, for a pass of that number; what needed several chunks last time gets one that holds it all.</summary>
    /// <param name="pass">The number.</param>
    /// <param name="hasTangents">Whether the second part of its activations are tangents.</param>
    public void Reset(long pass, bool hasTangents)
    {
        // What a caller has kept of the pass before must not be taken for a part of this one.
        for (int i = 0; i < _described; i++)
        {
            _activations[i].Pass = 0;
        }

        _pass = pass;
        _hasTangents = hasTangents;
        if (_chunks.Count > 1)
        {
            long total = _chunks.Sum(c => c.ByteCount);
            Dispose();
            _chunks.Add(new NativeBuffer(total));
        }

        _free.Clear();
        _used = 0;
        _described = 0;
    }

    /// <summary>Makes room for that many bytes of activations and a little more, in one chunk; nothing may be rented.</summary>
    public void Reserve(long bytes)
    {
        bytes += SmallestChunk;
        if (_chunks.Count != 1 || _chunks[0].ByteCount < bytes)
        {
            Dispose();
            _chunks.Add(new NativeBuffer(bytes));
        }
    }

    /// <summary>An activation of the pass, not shared.</summary>
    public CpuActivation Rent(int features, int tokens, int probes)
    {
        var activation = Next();
        activation.Describe(
            features, tokens, probes, Rent((long)features * CpuActivation.PanelsFor(tokens) * Panel.Lanes * probes * sizeof(float)),
            _hasTangents);
        return activation;
    }

    public void Return(CpuActivation activation) => Return(activation.Data, activation.Count * sizeof(float));

    /// <summary>Some consecutive features of an activation, where they are.</summary>
    public CpuActivation Slice(CpuActivation whole, int first, int count)
    {
        var slice = Next();
        slice.DescribeSlice(whole, first, count);
        return slice;
    }

    public float* Rent(long bytes)
    {
        bytes = (bytes + 63) & ~63L;
        for (int i = _free.Count - 1; i >= 0; i--)
        {
            if (_free[i].Bytes == bytes)
            {
                nint data = _free[i].Data;
                _free.RemoveAt(i);
                return (float*)data;
            }
        }

        if (_chunks.Count == 0 || _used + bytes > _chunks[^1].ByteCount)
        {
            _chunks.Add(new NativeBuffer(Math.Max(bytes, SmallestChunk)));
            _used = 0;
        }

        byte* result = (byte*)_chunks[^1].Data + _used;
        _used += bytes;
        return (float*)result;
    }

    public void Return(float* data, long bytes)
    {
        bytes = (bytes + 63) & ~63L;
        if ((byte*)data + bytes == (byte*)_chunks[^1].Data + _used)
        {
            _used -= bytes;
        }
        else
        {
            _free.Add(((nint)data, bytes));
        }
    }

    public void Dispose()
    {
        _chunks.ForEach(c => c.Dispose());
        _chunks.Clear();
    }

    private CpuActivation Next()
    {
        if (_described == _activations.Count)
        {
            _activations.Add(new CpuActivation());
        }

        var next = _activations[_described++];
        next.Pass = _pass;
        return next;
    }
}
