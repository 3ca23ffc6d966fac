namespace IlZo.Backends;

/// <summary>The angular frequencies of rotary position embeddings, which may depend on the text's length.</summary>
internal interface IRotaryFrequencies
{
    /// <summary>How many there are: pairs of features of a head that are rotated.</summary>
    int Pairs { get; }

    /// <summary>Frequencies in radians a position, one for each pair.</summary>
    /// <param name="textLength">The number of tokens of the text.</param>
    IReadOnlyList<float> ForLength(int textLength);

    /// <summary>What sines and cosines are multiplied by; 1 except for YaRN.</summary>
    float AttentionFactor { get; }
}
