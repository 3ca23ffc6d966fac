namespace IlZo.Perturbations;

/// <summary>The distribution of a direction's elements; each has mean 0 and variance 1.</summary>
public enum DirectionKind
{
    /// <summary>Independent standard normal numbers.</summary>
    Gaussian,

    /// <summary>Independent signs.</summary>
    Rademacher,

    /// <summary>A uniform point on the sphere of radius √d.</summary>
    Sphere,
}

/// <summary>The words for kinds of directions.</summary>
internal sealed class DirectionWords() : Words<DirectionKind>(
    ("gaussian", DirectionKind.Gaussian), ("rademacher", DirectionKind.Rademacher), ("sphere", DirectionKind.Sphere))
{
    public static DirectionWords Instance { get; } = new();

    protected override string Option => Setting.Directions;
}
