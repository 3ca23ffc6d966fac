using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models.Gpt2;

/// <summary>
/// GPT-2: learned positions, LayerNorm before each block, one projection for queries, keys and values, weights stored [in, out].
/// Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"; huggingface/transformers
/// models/gpt2/modeling_gpt2.py.
/// </summary>
/// <remarks>The field <c>reorder_and_upcast_attn</c> asks for scores in fp32, which they always are here.</remarks>
internal sealed class Gpt2Model(Gpt2Config config, ModelWeights weights)
    : LanguageModel(
        config.Shape("GPT2LMHeadModel"), weights, weights.Layers("h.", config.Layers, (name, layer) => Layer(name, layer, config, weights)))
{
    private readonly Parameter _tokens = weights.Embedding("wte.weight", "lm_head.weight", config.Tied, config.Vocabulary, config.Hidden);
    private readonly Parameter _positions = weights.Matrix("wpe.weight", ModelPart.PositionEmbedding, config.MaxPositions, config.Hidden);
    private readonly LayerNorm _finalNorm = weights.LayerNorm("ln_f", config.Hidden, config.NormEpsilon);

    public static Gpt2Model Load(ConfigReader reader, CheckpointFolder folder, WeightOptions options)
    {
        var config = new Gpt2Config(reader);
        var weights = new ModelWeights(folder, options, ["transformer.", string.Empty], "wte.weight");

        // The causal mask, which older files hold.
        weights.IgnoreEndingIn(".attn.bias");
        weights.IgnoreEndingIn(".attn.masked_bias");
        return new Gpt2Model(config, weights);
    }

    private protected override Activation Embed(IPass pass)
    {
        var h = pass.Rent(Shape.Hidden);
        pass.Embed(_tokens, pass.Batch.Ids, h);
        pass.Embed(_positions, new ShiftedPositions(pass.Batch.Positions, PositionShift), h, accumulate: true);
        return h;
    }

    private protected override Activation Finish(IPass pass, Activation rows)
    {
        _finalNorm.Apply(pass, rows, rows);
        return rows;
    }

    private static TransformerLayer Layer(string name, int layer, Gpt2Config config, ModelWeights weights)
    {
        var attention = new SelfAttention(
            [Conv1D("attn.c_attn", ModelPart.QueryKeyValue, 3 * config.Hidden, config.Hidden)],
            Conv1D("attn.c_proj", ModelPart.AttentionOutput, config.Hidden, config.Hidden),
            config.AttentionOf(layer));
        var mlp = new FeedForward(
            Conv1D("mlp.c_fc", ModelPart.MlpUp, config.Intermediate, config.Hidden),
            Conv1D("mlp.c_proj", ModelPart.MlpDown, config.Hidden, config.Intermediate),
            config.Activation);
        return new(
            new Residual(attention) { Before = weights.LayerNorm(name + "ln_1", config.Hidden, config.NormEpsilon) },
            new Residual(mlp) { Before = weights.LayerNorm(name + "ln_2", config.Hidden, config.NormEpsilon) });

        Linear Conv1D(string module, ModelPart part, ConfigSize outputs, ConfigSize inputs) =>
            weights.Linear(name + module, part, outputs, inputs, bias: true, WeightLayout.InOut);
    }
}
