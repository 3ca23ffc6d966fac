using IlZo.Models;

namespace IlZo.Adapters;

/// <summary>Which adapter a model gets. What only some kinds have is ignored by the others.</summary>
/// <param name="Adapter">The name of a kind in <see cref="AdapterCatalog"/>, or a folder with an adapter in PEFT's format, which is trained
/// in the place of the weights; null for the weights.</param>
public record AdapterOptions(string? Adapter)
{
    /// <summary>The rank of LoRA.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>LoRA's product is multiplied by this over the rank.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Names of the linear layers that LoRA changes, with commas between them; null for queries and values.</summary>
    public string? Targets { get; init; }

    /// <summary>Tokens of a prefix.</summary>
    public int PrefixTokens { get; init; } = 5;

    /// <summary>Where the positions of texts begin beside a prefix: kept (at 0) or shifted (after it).</summary>
    public string PrefixPositions { get; init; } = PrefixKind.KeptPositions;

    /// <summary>
    /// Decides the start of an adapter; of a training the order of examples and all noise too, and the sampling of examples unless that has
    /// a seed of its own.
    /// </summary>
    public uint Seed { get; init; }

    /// <exception cref="InvalidInputException">An option is outside its range, or there is no such adapter.</exception>
    internal void ValidateAdapter()
    {
        foreach (var kind in AdapterCatalog.Kinds)
        {
            kind.Validate(this);
        }

        if (AdapterCatalog.Find(Adapter) is null && !Directory.Exists(Adapter))
        {
            throw new InvalidInputException(
                $"{Setting.Adapter} is '{Adapter}', which is no existing folder; "
                    + $"{string.Join(", ", AdapterCatalog.Kinds.Select(k => k.Name))} or "
                    + "a folder with an adapter in PEFT's format was expected.");
        }
    }
}
