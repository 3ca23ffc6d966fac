using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models.Bert;
using IlZo.Tensors;

namespace IlZo.Models.Roberta;

/// <summary>
/// RoBERTa: BERT with positions that are counted from the padding's, one type of tokens, and heads of its own.
/// Source: Liu et al. 2019, arXiv 1907.11692; huggingface/transformers models/roberta/modeling_roberta.py.
/// </summary>
internal sealed class RobertaModel(RobertaConfig config, ModelWeights weights)
    : EncoderModel(
        "Roberta",
        config,
        weights,
        Embeddings(config, weights, "lm_head.decoder.weight", config.TokenTypes),
        BertModel.Layers(config, weights),
        HeadOf(config, weights))
{
    private readonly int _padId = config.PadId;

    // All tokens have the first type, whatever the tokenizer says.
    internal override int? TokenTypes => null;

    public static RobertaModel Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options) =>
        new(new RobertaConfig(reader), BertModel.Open(folder, options, "roberta."));

    /// <summary>A dense layer with tanh on the state that is read, and the classes' outputs.</summary>
    internal override IReadOnlyList<HeadTensor> ClassificationTensors(int classes, Pooling pooling) =>
    [
        new("classifier.dense.weight", [Shape.Hidden, Shape.Hidden]),
        new("classifier.dense.bias", [Shape.Hidden]),
        new("classifier.out_proj.weight", [classes, Shape.Hidden]),
        new("classifier.out_proj.bias", [classes]),
    ];

    // Tokens are counted from 1 behind the padding's row; a padding token within a text takes that row and is not counted.
    private protected override IReadOnlyList<int> PositionRows(TokenBatch batch)
    {
        int[] rows = new int[batch.Count];
        int counted = 0;
        for (int t = 0; t < rows.Length; t++)
        {
            counted = batch.Positions[t] == 0 ? 0 : counted;
            bool pad = batch.Ids[t] == _padId;
            counted += pad ? 0 : 1;
            rows[t] = _padId + (pad ? 0 : counted + PositionShift);
        }

        return rows;
    }

    private static EncoderHead HeadOf(RobertaConfig config, ModelWeights weights)
    {
        if (weights.Classes is { } classes)
        {
            return new(
                Square("classifier.dense", ModelPart.Head, config, weights),
                ActivationFunction.Tanh,
                null,
                Classes("classifier.out_proj", classes, config, weights));
        }

        return weights.IsHeadless ? EncoderHead.None : new(
            Square("lm_head.dense", ModelPart.Head, config, weights),
            ActivationFunction.Gelu,
            weights.LayerNorm("lm_head.layer_norm", config.Hidden, config.NormEpsilon, ofHead: true),
            new(weights.OutputEmbedding(), weights.HeadBias("lm_head.bias", "lm_head.decoder.bias", config.Vocabulary)));
    }
}
