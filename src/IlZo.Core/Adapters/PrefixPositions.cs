namespace IlZo.Adapters;

/// <summary>Where the positions of texts begin if there is a prefix.</summary>
public enum PrefixPositions
{
    /// <summary>At 0, as in MeZO.</summary>
    Kept,

    /// <summary>After the prefix, as in PEFT.</summary>
    Shifted,
}

/// <summary>The words for where positions begin.</summary>
internal sealed class PrefixPositionsWords() : Words<PrefixPositions>(("kept", PrefixPositions.Kept), ("shifted", PrefixPositions.Shifted))
{
    public static PrefixPositionsWords Instance { get; } = new();

    protected override string Option => Setting.PrefixPositions;
}
