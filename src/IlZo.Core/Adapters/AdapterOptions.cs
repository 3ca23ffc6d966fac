using IlZo.Models;

namespace IlZo.Adapters;

/// <summary>Which adapter a model gets.</summary>
/// <param name="Adapter"><see cref="Lora"/>, <see cref="Prefix"/>, or a folder with an adapter in PEFT's format.</param>
public sealed record AdapterOptions(string Adapter)
{
    /// <summary>Low-rank factors beside some linear layers.</summary>
    public const string Lora = "lora";

    /// <summary>Keys and values before every text.</summary>
    public const string Prefix = "prefix";

    /// <summary>Positions of a text count from 0, as in MeZO.</summary>
    public const string KeptPositions = "kept";

    /// <summary>Positions of a text count from the prefix's length, as in PEFT.</summary>
    public const string ShiftedPositions = "shifted";

    /// <summary>Rank of LoRA.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>α of LoRA; its product is multiplied by α / rank.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Names of the linear layers that get factors, with commas between them; null for queries and values.</summary>
    public string? Targets { get; init; }

    /// <summary>Tokens of a prefix.</summary>
    public int PrefixTokens { get; init; } = 5;

    /// <summary><see cref="KeptPositions"/> or <see cref="ShiftedPositions"/>.</summary>
    public string PrefixPositions { get; init; } = KeptPositions;

    /// <summary>Decides the start of the adapter.</summary>
    public ulong Seed { get; init; }

    /// <exception cref="InvalidInputException">An option is outside its range, or there is no such adapter.</exception>
    public void Validate()
    {
        Require(Rank is >= 1 and <= 1024, $"--rank is {Rank}; 1 to 1024 was expected.");
        Require(Alpha > 0 && double.IsFinite(Alpha), FormattableString.Invariant($"--alpha is {Alpha}; a positive number was expected."));
        Require(PrefixTokens is >= 1 and <= 1024, $"--prefix-tokens is {PrefixTokens}; 1 to 1024 was expected.");
        Require(
            PrefixPositions is KeptPositions or ShiftedPositions,
            $"--prefix-positions is '{PrefixPositions}'; {KeptPositions} or {ShiftedPositions} was expected.");
        Require(
            Adapter is Lora or Prefix || Directory.Exists(Adapter),
            $"--adapter is '{Adapter}', which is no existing folder; {Lora}, {Prefix} or a folder with an adapter in PEFT's format was expected.");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidInputException(message);
        }
    }
}
