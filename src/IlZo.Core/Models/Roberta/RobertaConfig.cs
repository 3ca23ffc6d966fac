using IlZo.Backends;

namespace IlZo.Models.Roberta;

/// <summary>The fields of a RoBERTa <c>config.json</c> that shape the forward pass; defaults are the reference library's.</summary>
internal sealed class RobertaConfig
{
    private const int DefaultPad = 1;

    public RobertaConfig(ConfigReader config)
    {
        config.RefuseQuantized();
        config.Refuse("is_decoder", "add_cross_attention");
        if (config.Text("position_embedding_type") is { } kind and not "absolute")
        {
            throw new InvalidInputException($"{config.Source}: position_embedding_type is '{kind}'; absolute was expected.");
        }

        Vocabulary = config.Size("vocab_size", 50265, ConfigSize.MaxRows);
        Hidden = config.Size("hidden_size", 768);
        Layers = config.Size("num_hidden_layers", 12, ConfigSize.MaxLayers);
        Intermediate = config.Size("intermediate_size", 3072);
        Heads = config.Size("num_attention_heads", 12, ConfigSize.MaxLayers);
        PositionRows = config.Size("max_position_embeddings", 512, ConfigSize.MaxRows);
        TokenTypes = config.Size("type_vocab_size", 2, ConfigSize.MaxRows);
        NormEpsilon = (float)config.Number("layer_norm_eps", 1e-12);
        Tied = config.Flag("tie_word_embeddings", true);
        Activation = config.Activation("hidden_act", "gelu");
        PadId = config.Token("pad_token_id", DefaultPad) ?? DefaultPad;
        BosId = config.Token("bos_token_id", 0);
        EosIds = config.Tokens("eos_token_id", 2);
        if (Hidden % Heads != 0)
        {
            throw new InvalidInputException($"{config.Source}: hidden_size {Hidden} is not a multiple of num_attention_heads {Heads}.");
        }

        if (PadId < 0 || PadId >= Vocabulary || MaxPositions < 1)
        {
            throw new InvalidInputException(
                $"{config.Source}: pad_token_id is {PadId}; a token id below vocab_size and max_position_embeddings - 1 was expected, since positions are counted from it.");
        }
    }

    public ConfigSize Vocabulary { get; }

    public ConfigSize Hidden { get; }

    public ConfigSize Layers { get; }

    public ConfigSize Intermediate { get; }

    public ConfigSize Heads { get; }

    public int HeadSize => Hidden / Heads;

    /// <summary>Rows of the position table; the first tokens' rows follow the padding's.</summary>
    public ConfigSize PositionRows { get; }

    /// <summary>The longest text, in tokens.</summary>
    public int MaxPositions => PositionRows - PadId - 1;

    public ConfigSize TokenTypes { get; }

    public float NormEpsilon { get; }

    public bool Tied { get; }

    public ActivationFunction Activation { get; }

    public int PadId { get; }

    public int? BosId { get; }

    public IReadOnlyList<int> EosIds { get; }
}
