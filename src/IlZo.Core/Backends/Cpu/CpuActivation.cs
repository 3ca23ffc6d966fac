using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>
/// An activation in the panel layout: [probe][panel][feature][32 tokens]. The last panel of a probe is filled up with
/// tokens that nobody reads. What no perturbed weight has had a part in is equal for all probes: such an activation is shared, and only the
/// first probe's part of it is computed and read.
/// </summary>
/// <param name="features">Features of a token.</param>
/// <param name="tokens">Tokens of a probe.</param>
/// <param name="probes">Probes.</param>
/// <param name="data">The first panel.</param>
/// <param name="pitch">Features from one panel to the next, or null for <paramref name="features"/>: more in a slice of another activation.</param>
internal sealed unsafe class CpuActivation(int features, int tokens, int probes, float* data, int? pitch = null) : Activation(features, tokens)
{
    private readonly int _pitch = pitch ?? features;

    public float* Data { get; } = data;

    public int Panels { get; } = PanelsFor(tokens);

    /// <summary>Whether all probes have the same values, which are there once.</summary>
    public bool IsShared { get; private set; }

    /// <summary>Panels that are there: of all probes, or of one where it is shared.</summary>
    public int AllPanels => Panels * (IsShared ? 1 : probes);

    /// <summary>Numbers there is room for: those of all probes.</summary>
    public long Count => (long)Panels * probes * Features * Panel.Lanes;

    public static int PanelsFor(int tokens) => (tokens + Panel.Lanes - 1) / Panel.Lanes;

    /// <summary>One of the panels that are there, [feature][32], by its number below <see cref="AllPanels"/>.</summary>
    public float* At(int panel) => Data + ((long)panel * _pitch * Panel.Lanes);

    /// <summary>Some consecutive features, where they are.</summary>
    public CpuActivation Slice(int first, int count) => new(count, Tokens, probes, Data + ((long)first * Panel.Lanes), _pitch) { IsShared = IsShared };

    /// <summary>A panel as a probe sees it.</summary>
    public float* At(int probe, int panel) => At(NumberOf(probe, panel));

    /// <summary>The number among those that are there of a panel as a probe sees it.</summary>
    public int NumberOf(int probe, int panel) => IsShared ? panel : (probe * Panels) + panel;

    /// <summary>Feature 0 of one token of one probe; its next feature is <see cref="Panel.Lanes"/> further.</summary>
    public float* Token(int probe, int token) => At(probe, token / Panel.Lanes) + (token % Panel.Lanes);

    /// <summary>Says what is about to be written: values that are equal for all probes, or some for each.</summary>
    /// <param name="shared">Whether they are equal; where values are kept, only if they were equal too.</param>
    /// <param name="keep">Whether the present values have a part in them.</param>
    public void Prepare(bool shared, bool keep)
    {
        if (keep && IsShared && !shared)
        {
            for (int panel = Panels; panel < Panels * probes; panel++)
            {
                new ReadOnlySpan<float>(At(panel % Panels), Features * Panel.Lanes).CopyTo(new Span<float>(At(panel), Features * Panel.Lanes));
            }
        }

        IsShared = shared;
    }
}

/// <summary>
/// Memory for the activations of one pass, reused by the next. What is given back in the reverse order of renting, as layers do, is
/// free for any size; the rest for the same size only.
/// </summary>
internal sealed unsafe class ActivationArena : IDisposable
{
    private const long SmallestChunk = 1 << 20;

    private readonly List<NativeBuffer> _chunks = [];
    private readonly List<(nint Data, long Bytes)> _free = [];
    private long _used;

    /// <summary>Forgets everything; what needed several chunks last time gets one that holds it all.</summary>
    public void Reset()
    {
        if (_chunks.Count > 1)
        {
            long total = _chunks.Sum(c => c.ByteCount);
            Dispose();
            _chunks.Add(new NativeBuffer(total));
        }

        _free.Clear();
        _used = 0;
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

    public float* Rent(long bytes)
    {
        bytes = (bytes + 63) & ~63L;
        int index = _free.FindLastIndex(f => f.Bytes == bytes);
        if (index >= 0)
        {
            nint data = _free[index].Data;
            _free.RemoveAt(index);
            return (float*)data;
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
}
