using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.DistilBert;

/// <summary>
/// DistilBERT, a BERT of half as many layers without types of tokens and without a pooler, with its masked-language-model head, with a
/// classification head, or as an encoder alone. Positions that began as sines are rows of a table like others.
/// Source: Sanh et al. 2019, arXiv 1910.01108; huggingface/transformers models/distilbert/modeling_distilbert.py.
/// </summary>
internal sealed class DistilBertModel(DistilBertConfig config, ModelWeights weights)
    : EncoderModel(
        "DistilBert",
        config,
        weights,
        Embeddings(config, weights, "vocab_projector.weight", types: null),
        Layers("transformer.layer.", s_names, config, weights),
        HeadOf(config, weights))
{
    private static readonly EncoderLayerNames s_names = new(
        "attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "sa_layer_norm", "ffn.lin1", "ffn.lin2",
        "output_layer_norm");

    public static DistilBertModel Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options)
    {
        var config = new DistilBertConfig(reader);
        var weights = new ModelWeights(folder, options, ["distilbert.", string.Empty], TokenEmbedding);
        weights.IgnoreEndingIn("embeddings.position_ids");
        return new DistilBertModel(config, weights);
    }

    /// <summary>A dense layer with ReLU on the state that is read, and the classes' outputs.</summary>
    internal override IReadOnlyList<HeadTensor> ClassificationTensors(int classes, Pooling pooling) =>
    [
        new("pre_classifier.weight", [Shape.Hidden, Shape.Hidden]),
        new("pre_classifier.bias", [Shape.Hidden]),
        new("classifier.weight", [classes, Shape.Hidden]),
        new("classifier.bias", [classes]),
    ];

    private static EncoderHead HeadOf(DistilBertConfig config, ModelWeights weights)
    {
        if (weights.Classes is { } classes)
        {
            return new(
                Square("pre_classifier", ModelPart.Head, config, weights),
                ActivationFunction.Relu,
                null,
                Classes("classifier", classes, config, weights));
        }

        return weights.IsHeadless ? EncoderHead.None : new(
            Square("vocab_transform", ModelPart.Head, config, weights),
            config.Activation,
            weights.LayerNorm("vocab_layer_norm", config.Hidden, config.NormEpsilon, ofHead: true),
            new(weights.OutputEmbedding(), weights.Bias("vocab_projector.bias", ModelPart.Head, config.Vocabulary)));
    }
}
