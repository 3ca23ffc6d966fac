namespace IlZo.Gpu;

/// <summary>The objects that stand for the activations of a pass; the next one uses them again.</summary>
internal sealed class GpuActivations
{
    private readonly List<GpuActivation> _all = [];
    private int _used;
    private long _pass;

    /// <summary>Begins the pass of that number.</summary>
    public void Reset(long pass)
    {
        // What a caller has kept of the pass before must not be taken for a part of this one.
        for (int i = 0; i < _used; i++)
        {
            _all[i].Pass = 0;
        }

        (_used, _pass) = (0, pass);
    }

    /// <summary>An activation of the pass, to be described.</summary>
    public GpuActivation Next()
    {
        if (_used == _all.Count)
        {
            _all.Add(new GpuActivation());
        }

        var next = _all[_used++];
        next.Pass = _pass;
        return next;
    }
}
