using IlZo.Models.Bert;

namespace IlZo.Models.Roberta;

/// <summary>The fields of a RoBERTa <c>config.json</c> that shape the forward pass; defaults are the reference library's.</summary>
internal sealed class RobertaConfig : BertConfig
{
    private const int DefaultPad = 1;

    private static readonly FamilyFields s_fields = new()
    {
        Vocabulary = 50265,
        Hidden = 768,
        Layers = 12,
        Heads = 12,
        Intermediate = 3072,
        MaxPositions = 512,
        Activation = "gelu",
        Tied = true,
        BosId = 0,
        EosId = 2,
    };

    public RobertaConfig(ConfigReader config)
        : base(config, s_fields)
    {
        PadId = config.Token("pad_token_id", DefaultPad) ?? DefaultPad;
        if (PadId < 0 || PadId >= Vocabulary || LongestText < 1)
        {
            throw new InvalidInputException(
                $"{config.Source}: pad_token_id is {PadId}; a token id below vocab_size and max_position_embeddings - 1 was expected, "
                    + "since positions are counted from it.");
        }
    }

    /// <summary>The longest text, in tokens: the first tokens' rows of the position table follow the padding's.</summary>
    public override int LongestText => MaxPositions - PadId - 1;

    public int PadId { get; }
}
