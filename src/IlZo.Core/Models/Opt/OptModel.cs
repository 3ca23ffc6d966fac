using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.Opt;

/// <summary>
/// OPT: learned positions, LayerNorm before each block (after it in the 350m style), biases, tied output embedding.
/// Source: Zhang et al. 2022, arXiv 2205.01068; huggingface/transformers models/opt/modeling_opt.py.
/// </summary>
internal sealed class OptModel(OptConfig config, ModelWeights weights)
    : LanguageModel(
        config.Shape("OPTForCausalLM") with { NormalizesInPlace = !config.NormBefore },
        weights,
        weights.Layers("layers.", config.Layers, (name, _) => Layer(name, config, weights)))
{
    // The position table's first two rows stand for padding in the original implementation.
    private const int PositionOffset = 2;

    // Not in the configuration: the default of torch.nn.LayerNorm.
    private const float NormEpsilon = 1e-5f;

    private readonly Parameter _tokens = weights.Embedding(
        "embed_tokens.weight", "lm_head.weight", config.Tied, config.Vocabulary, config.Embedding);
    private readonly Parameter _positions =
        weights.Matrix("embed_positions.weight", ModelPart.PositionEmbedding, config.MaxPositions + PositionOffset, config.Hidden);

    private readonly Parameter? _projectIn =
        config.IsProjected ? weights.Matrix("project_in.weight", ModelPart.EmbeddingProjection, config.Hidden, config.Embedding) : null;

    private readonly Parameter? _projectOut =
        config.IsProjected ? weights.Matrix("project_out.weight", ModelPart.EmbeddingProjection, config.Embedding, config.Hidden) : null;

    private readonly LayerNorm? _finalNorm = config.FinalNorm ? Norm("final_layer_norm", config, weights) : null;

    public static OptModel Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options) =>
        new(new OptConfig(reader), new ModelWeights(folder, options, ["model.decoder.", "decoder."]));

    private protected override Activation Embed(IPass pass)
    {
        var h = pass.Rent(Shape.Hidden);
        if (_projectIn is null)
        {
            pass.Embed(_tokens, pass.Batch.Ids, h);
        }
        else
        {
            var embedded = pass.Rent(_tokens.Columns);
            pass.Embed(_tokens, pass.Batch.Ids, embedded);
            pass.Linear(embedded, _projectIn, null, h);
            pass.Return(embedded);
        }

        pass.Embed(_positions, new ShiftedPositions(pass.Batch.Positions, PositionOffset + PositionShift), h, accumulate: true);
        return h;
    }

    private protected override Activation Finish(IPass pass, Activation rows)
    {
        _finalNorm?.Apply(pass, rows, rows);
        if (_projectOut is null)
        {
            return rows;
        }

        var projected = pass.Rent(_projectOut.Rows, rows);
        pass.Linear(rows, _projectOut, null, projected);
        return projected;
    }

    private static TransformerLayer Layer(string name, OptConfig config, ModelWeights weights)
    {
        var attention = new SelfAttention(
            [Square("q_proj", ModelPart.Query), Square("k_proj", ModelPart.Key), Square("v_proj", ModelPart.Value)],
            Square("out_proj", ModelPart.AttentionOutput),
            config.Attention);
        var mlp = new FeedForward(
            weights.Linear(name + "fc1", ModelPart.MlpUp, config.Intermediate, config.Hidden, config.Biases),
            weights.Linear(name + "fc2", ModelPart.MlpDown, config.Hidden, config.Intermediate, config.Biases),
            config.Activation);
        return new(
            Residual.Normed(attention, Norm(name + "self_attn_layer_norm", config, weights), config.NormBefore),
            Residual.Normed(mlp, Norm(name + "final_layer_norm", config, weights), config.NormBefore));

        Linear Square(string projection, ModelPart part) =>
            weights.Linear($"{name}self_attn.{projection}", part, config.Hidden, config.Hidden, config.Biases);
    }

    private static LayerNorm Norm(string name, OptConfig config, ModelWeights weights) =>
        weights.LayerNorm(name, config.Hidden, NormEpsilon, config.NormAffine);
}
