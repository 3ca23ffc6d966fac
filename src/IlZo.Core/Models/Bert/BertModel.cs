using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.Bert;

/// <summary>
/// BERT with its masked-language-model head, with a classification head, or as an encoder alone. The sentence-pair head of its pretraining
/// is not used. Source: Devlin et al. 2018, arXiv 1810.04805; huggingface/transformers models/bert/modeling_bert.py.
/// </summary>
internal sealed class BertModel(BertConfig config, ModelWeights weights)
    : EncoderModel(
        "Bert",
        config,
        weights,
        Embeddings(config, weights, "cls.predictions.decoder.weight", config.TokenTypes),
        Layers(config, weights),
        HeadOf(config, weights))
{
    private const string Pooler = "pooler.dense";
    private const string Prefix = "bert.";
    private const string Transform = "cls.predictions.transform.";

    private static readonly EncoderLayerNames s_names = new(
        "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "attention.output.LayerNorm",
        "intermediate.dense", "output.dense", "output.LayerNorm");

    public static BertModel Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options)
    {
        var config = new BertConfig(reader);
        var weights = Open(folder, options, Prefix);
        weights.IgnoreEndingIn("cls.seq_relationship.weight");
        weights.IgnoreEndingIn("cls.seq_relationship.bias");
        return new BertModel(config, weights);
    }

    /// <summary>The weights of a checkpoint whose tensors have BERT's names.</summary>
    internal static ModelWeights Open(CheckpointFolder folder, WeightOptions options, string prefix)
    {
        var weights = new ModelWeights(folder, options, [prefix, string.Empty], TokenEmbedding);
        weights.IgnoreEndingIn("embeddings.position_ids");
        weights.IgnoreEndingIn("embeddings.token_type_ids");
        weights.IgnoreEndingIn(Pooler + ".weight");
        weights.IgnoreEndingIn(Pooler + ".bias");
        return weights;
    }

    /// <summary>The layers of a checkpoint whose tensors have BERT's names.</summary>
    internal static TransformerLayer[] Layers(BertConfig config, ModelWeights weights) =>
        Layers("encoder.layer.", s_names, config, weights);

    /// <summary>
    /// The pooler, a dense layer with tanh on the first token's state, and the classes' outputs; or these alone on the average of states.
    /// </summary>
    internal override IReadOnlyList<HeadTensor> ClassificationTensors(int classes, Pooling pooling) =>
    [
        .. pooling == Pooling.Mean
            ? Array.Empty<HeadTensor>()
            : [Pooled(".weight", Shape.Hidden, Shape.Hidden), Pooled(".bias", Shape.Hidden)],
        new("classifier.weight", [classes, Shape.Hidden]),
        new("classifier.bias", [classes]),
    ];

    private static EncoderHead HeadOf(BertConfig config, ModelWeights weights)
    {
        if (weights.Classes is { } classes)
        {
            var pooler = config.Pooling == Pooling.Mean ? null : weights.InnerHead(Pooler, config.Hidden, isRequired: true);
            return new(pooler, ActivationFunction.Tanh, null, Classes("classifier", classes, config, weights));
        }

        if (weights.IsHeadless)
        {
            // The pooler belongs to the model, though what the model gives are its states.
            weights.InnerHead(Pooler, config.Hidden, isRequired: false);
            return EncoderHead.None;
        }

        return new(
            Square(Transform + "dense", ModelPart.Head, config, weights),
            config.Activation,
            weights.LayerNorm(Transform + "LayerNorm", config.Hidden, config.NormEpsilon, ofHead: true),
            new(weights.OutputEmbedding(), weights.HeadBias("cls.predictions.bias", "cls.predictions.decoder.bias", config.Vocabulary)));
    }

    // Published language models keep the pooler of their pretraining beside the head.
    private HeadTensor Pooled(string suffix, params long[] shape) => new(
        Prefix + Pooler + suffix,
        shape,
        Checkpoint.Tensors.GetValueOrDefault(Prefix + Pooler + suffix) ?? Checkpoint.Tensors.GetValueOrDefault(Pooler + suffix));
}
