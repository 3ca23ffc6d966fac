namespace IlZo.Backends;

/// <summary>
/// Keys and values of the tokens seen so far in some texts, so that a continuation costs its own tokens only: a slot for each text. Belongs
/// to the backend that made it.
/// </summary>
/// <remarks>
/// Not for several threads or passes at a time: what would mix two texts throws <see cref="InvalidOperationException"/>, and every use
/// after <see cref="Dispose"/> <see cref="ObjectDisposedException"/>. The memory is given back when the operation in progress ends.
/// </remarks>
internal abstract class KeyValueCache : IDisposable
{
    private readonly UseGuard _use;
    private long _pass;

    /// <param name="layers">Layers of the model.</param>
    /// <param name="features">Key features of a layer: key/value heads times head size.</param>
    /// <param name="capacity">The longest text it can hold, in tokens.</param>
    /// <param name="slots">Texts that it can hold.</param>
    protected KeyValueCache(int layers, int features, int capacity, int slots)
    {
        _use = new UseGuard(nameof(KeyValueCache), Release);
        Layers = layers;
        Features = features;
        Capacity = capacity;
        Slots = slots;
    }

    public int Layers { get; }

    public int Features { get; }

    public int Capacity { get; }

    public int Slots { get; }

    /// <summary>Bytes of the keys and values of some tokens in all layers.</summary>
    public static long BytesOf(int layers, int features, long tokens) => checked(2L * layers * features * tokens * sizeof(float));

    /// <summary>Copies the keys and values of the first text's first tokens in a layer, each [tokens, features].</summary>
    public void Read(int layer, Span<float> keys, Span<float> values)
    {
        using var use = _use.Enter();
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, Layers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Math.Max(keys.Length, values.Length), Features * (long)Capacity, nameof(keys));
        Copy(layer, keys, values);
    }

    /// <summary>Copies the beginning of a text to another slot.</summary>
    /// <param name="from">The slot that holds it.</param>
    /// <param name="to">Another slot, whose text becomes the beginning.</param>
    /// <param name="tokens">Tokens of the beginning.</param>
    public void CopyBeginning(int from, int to, int tokens)
    {
        using var use = _use.Enter();
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)from, (uint)Slots, nameof(from));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)to, (uint)Slots, nameof(to));
        ArgumentOutOfRangeException.ThrowIfEqual(from, to);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)tokens, (uint)Capacity, nameof(tokens));
        CopySlot(from, to, tokens);
    }

    public void Dispose()
    {
        _use.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the cache to a pass.</summary>
    internal void Begin(long pass)
    {
        using var use = _use.Enter();
        _pass = pass;
    }

    /// <summary>Begins to extend and read it for a pass.</summary>
    /// <exception cref="InvalidOperationException">Another pass has the cache.</exception>
    internal UseGuard.Use Enter(long pass)
    {
        var use = _use.Enter();
        if (_pass != pass)
        {
            use.Dispose();
            throw new InvalidOperationException("A cache was given to another pass before the one that it serves had ended.");
        }

        return use;
    }

    /// <summary>Copies the keys and values of the first text's first tokens in a layer, each [tokens, features].</summary>
    protected abstract void Copy(int layer, Span<float> keys, Span<float> values);

    /// <summary>Copies the keys and values of a text's first tokens to another slot, in all layers.</summary>
    protected abstract void CopySlot(int from, int to, int tokens);

    /// <summary>Gives the memory back.</summary>
    protected abstract void Release();
}
