namespace IlZo.Backends;

/// <summary>Keys and values of the tokens seen so far in one text, so that a continuation costs its own tokens only. Belongs to the backend that made it.</summary>
/// <param name="layers">Layers of the model.</param>
/// <param name="features">Key features of a layer: key/value heads times head size.</param>
/// <param name="capacity">The longest text it can hold, in tokens.</param>
public abstract class KeyValueCache(int layers, int features, int capacity) : IDisposable
{
    public int Layers { get; } = layers;

    public int Features { get; } = features;

    public int Capacity { get; } = capacity;

    /// <summary>Copies the first tokens' keys and values of a layer, each [tokens, features].</summary>
    public abstract void Read(int layer, Span<float> keys, Span<float> values);

    public abstract void Dispose();
}
