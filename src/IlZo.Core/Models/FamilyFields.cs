namespace IlZo.Models;

/// <summary>
/// The fields of <c>config.json</c> that every family has: what a family calls those that have several names, and its defaults, which are
/// the reference library's.
/// </summary>
internal record FamilyFields
{
    public required int Vocabulary { get; init; }

    public required int Hidden { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    public required int Intermediate { get; init; }

    public required int MaxPositions { get; init; }

    public required string Activation { get; init; }

    public required bool Tied { get; init; }

    public required int? BosId { get; init; }

    public required int? EosId { get; init; }

    public string HiddenField { get; init; } = "hidden_size";

    public string LayersField { get; init; } = "num_hidden_layers";

    public string HeadsField { get; init; } = "num_attention_heads";

    public string IntermediateField { get; init; } = "intermediate_size";

    public string MaxPositionsField { get; init; } = "max_position_embeddings";

    public string ActivationField { get; init; } = "hidden_act";
}
