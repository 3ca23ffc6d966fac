using System.Text.Json.Serialization;
using IlZo.Models;

namespace IlZo.Adapters;

/// <summary>Which adapter a model gets. Options of some kinds only are ignored by the others.</summary>
/// <param name="Adapter">The name of a kind in <see cref="AdapterCatalog"/>, or a folder with an adapter in PEFT's format, which is trained
/// instead of the weights; null for the weights.</param>
public record AdapterOptions(string? Adapter)
{
    /// <summary>The rank of LoRA.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>LoRA's product is multiplied by this divided by the rank.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Comma-separated names of the linear layers to which LoRA is added; null for queries and values.</summary>
    public string? Targets { get; init; }

    /// <summary>The number of prefix tokens.</summary>
    public int PrefixTokens { get; init; } = 5;

    /// <summary>Where the positions of texts begin if there is a prefix.</summary>
    [JsonConverter(typeof(PrefixPositionsWords))]
    public PrefixPositions PrefixPositions { get; init; }

    /// <summary>
    /// The seed for the initialization of an adapter; in training also for the order of examples and all noise, and for the sampling of
    /// examples unless that has its own seed.
    /// </summary>
    public uint Seed { get; init; }

    /// <exception cref="InvalidInputException">An option is out of range, or there is no such adapter.</exception>
    internal void ValidateAdapter()
    {
        foreach (var kind in AdapterCatalog.Kinds)
        {
            kind.Validate(this);
        }

        if (AdapterCatalog.Find(Adapter) is null && !Directory.Exists(Adapter))
        {
            throw new InvalidInputException(
                $"{Setting.Adapter} is '{Adapter}', which is not an existing folder; "
                    + $"{string.Join(", ", AdapterCatalog.Kinds.Select(k => k.Name))} or "
                    + "a folder with an adapter in PEFT's format was expected.");
        }
    }
}
