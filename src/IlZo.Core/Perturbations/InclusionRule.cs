namespace IlZo.Perturbations;

/// <summary>The probability of an element with score S: πᵢ = clip(κ√Sᵢ, floor, 1), rounded up to a multiple of 2⁻¹⁶.</summary>
/// <param name="kappa">κ.</param>
/// <param name="floor">The least probability.</param>
internal readonly struct InclusionRule(float kappa, float floor)
{
    /// <summary>Multiples that make 1.</summary>
    public const int Levels = 1 << 16;

    private readonly float _kappa = kappa;
    private readonly float _floor = floor;

    /// <summary>πᵢ in units of 2⁻¹⁶.</summary>
    /// <param name="excess">Sᵢ − 1.</param>
    public int Level(float excess)
    {
        float p = MathF.Min(1, MathF.Max(_floor, _kappa * MathF.Sqrt(excess + 1))) * Levels;
        int level = (int)p;
        level += level < p ? 1 : 0;
        return level < 1 ? 1 : level;
    }

    /// <summary>What an element is multiplied by: 0 where it is left out, and else 1 or 1/πᵢ.</summary>
    /// <param name="excess">Sᵢ − 1.</param>
    /// <param name="bits">Its 16 random bits.</param>
    /// <param name="weighted">Whether it is 1/πᵢ.</param>
    public float Factor(float excess, uint bits, bool weighted)
    {
        int level = Level(excess);
        return (int)bits >= level ? 0 : weighted ? (float)Levels / level : 1;
    }
}
