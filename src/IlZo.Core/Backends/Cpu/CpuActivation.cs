namespace IlZo.Backends.Cpu;

/// <summary>
/// An activation in the panel layout: [probe][panel][feature][32 tokens]. The last panel of a probe is filled up with
/// tokens that nobody reads. What no perturbed weight has had a part in is equal for all probes: such an activation is shared, and only the
/// first probe's part of it is computed and read. In a pass with a derivative the first part are the values and the second their tangents,
/// which are zero where it is shared. The <see cref="ActivationArena"/> makes these objects, and uses them again in the next pass.
/// </summary>
internal sealed unsafe class CpuActivation() : Activation(0, 0)
{
    private int _probes;
    private int _pitch;
    private bool _hasTangent;
    private CpuActivation? _whole;
    private long _writes;

    public float* Data { get; private set; }

    public int Panels { get; private set; }

    /// <summary>Whether all probes have the same values, which are there once.</summary>
    public bool IsShared { get; private set; }

    /// <summary>What this is a slice of, or itself.</summary>
    public CpuActivation Whole => _whole ?? this;

    /// <summary>Changes whenever the values do, or those around a slice.</summary>
    public long Version => Whole._writes;

    /// <summary>Probes whose values are there: all, or one where it is shared.</summary>
    public int Parts => IsShared ? 1 : _probes;

    /// <summary>Panels that are there, of all parts.</summary>
    public int AllPanels => Panels * Parts;

    /// <summary>Numbers there is room for: those of all probes.</summary>
    public long Count => (long)Panels * _probes * Features * Panel.Lanes;

    public static int PanelsFor(int tokens) => (tokens + Panel.Lanes - 1) / Panel.Lanes;

    /// <summary>Tokens in a panel of a probe: all it has room for but in the last.</summary>
    public int Lanes(int panel) => Math.Min(Panel.Lanes, Tokens - (panel * Panel.Lanes));

    /// <summary>One of the panels that are there, [feature][32], by its number below <see cref="AllPanels"/>.</summary>
    public float* At(int panel) => Data + ((long)panel * _pitch * Panel.Lanes);

    /// <summary>A panel as a probe sees it.</summary>
    public float* At(int probe, int panel) => At(NumberOf(probe, panel));

    /// <summary>The number among those that are there of a panel as a probe sees it.</summary>
    public int NumberOf(int probe, int panel) => IsShared ? panel : (probe * Panels) + panel;

    /// <summary>Feature 0 of one token of one probe; its next feature is <see cref="Panel.Lanes"/> further.</summary>
    public float* Token(int probe, int token) => At(probe, token / Panel.Lanes) + (token % Panel.Lanes);

    /// <summary>Makes this stand for some memory, whose values are not shared.</summary>
    /// <param name="features">Features of a token.</param>
    /// <param name="tokens">Tokens of a probe.</param>
    /// <param name="probes">Probes.</param>
    /// <param name="data">The first panel.</param>
    /// <param name="hasTangent">Whether the second probe's part are tangents.</param>
    public void Describe(int features, int tokens, int probes, float* data, bool hasTangent)
    {
        Features = features;
        Tokens = tokens;
        Data = data;
        Panels = PanelsFor(tokens);
        IsShared = false;
        _probes = probes;
        _pitch = features;
        _hasTangent = hasTangent;
        _whole = null;
    }

    /// <summary>Makes this stand for some consecutive features of another, where they are.</summary>
    public void DescribeSlice(CpuActivation whole, int first, int count)
    {
        Describe(count, whole.Tokens, whole._probes, whole.Data + ((long)first * Panel.Lanes), whole._hasTangent);
        IsShared = whole.IsShared;
        _pitch = whole._pitch;
        _whole = whole.Whole;
    }

    /// <summary>Writes out what is shared, for each probe.</summary>
    public void Spread()
    {
        if (IsShared)
        {
            Prepare(shared: false, keep: true);
        }
    }

    /// <summary>
    /// Says what is about to be written, as everything that writes does first: values that are equal for all probes, or some for each.
    /// </summary>
    /// <param name="shared">Whether they are equal; where values are kept, only if they were equal too.</param>
    /// <param name="keep">Whether the present values have a part in them.</param>
    public void Prepare(bool shared, bool keep)
    {
        if (keep && IsShared && !shared)
        {
            for (int panel = Panels; panel < Panels * _probes; panel++)
            {
                var values = new Span<float>(At(panel), Features * Panel.Lanes);
                if (_hasTangent)
                {
                    values.Clear();
                }
                else
                {
                    new ReadOnlySpan<float>(At(panel % Panels), values.Length).CopyTo(values);
                }
            }
        }

        IsShared = shared;
        Whole._writes++;
    }
}
