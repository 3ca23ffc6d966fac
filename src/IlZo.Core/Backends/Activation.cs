namespace IlZo.Backends;

/// <summary>
/// Intermediate values of a forward pass on some device: <see cref="Features"/> numbers for each of <see cref="Tokens"/> tokens,
/// once for every probe of the pass. Belongs to the pass that made it.
/// </summary>
public abstract class Activation(int features, int tokens)
{
    /// <summary>Numbers of each token.</summary>
    public int Features { get; private protected set; } = features;

    /// <summary>Tokens that it has numbers for: all of the batch, or its outputs.</summary>
    public int Tokens { get; private protected set; } = tokens;

    /// <summary>The number of that pass; 0 where it is over.</summary>
    internal long Pass { get; set; }
}
