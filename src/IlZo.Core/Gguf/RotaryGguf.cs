using IlZo.Models.Llama;

namespace IlZo.Gguf;

/// <summary>What all architectures with Llama's sizes and rotated positions say of themselves.</summary>
internal static class RotaryGguf
{
    /// <summary>Adds the sizes, and how positions are rotated.</summary>
    /// <param name="name">What the format calls the architecture.</param>
    /// <param name="model">The model.</param>
    /// <param name="config">Its sizes.</param>
    /// <param name="metadata">What receives them.</param>
    /// <param name="scaling">The way of scaling frequencies that the architecture has a form for beside linear; null for none.</param>
    /// <param name="hasWindows">Whether it has one for sliding windows; else no text may be longer than the shortest of them.</param>
    /// <exception cref="InvalidInputException">The format has no form for how positions are rotated.</exception>
    public static void Sizes(
        string name, GgufSource model, LlamaConfig config, GgufMetadata metadata, string? scaling = null, bool hasWindows = false)
    {
        int window = hasWindows ? int.MaxValue : Enumerable.Range(0, config.Layers).Min(i => config.Window[i] ?? int.MaxValue);
        metadata.Add($"{name}.context_length", Math.Min(model.Model.Shape.MaxPositions, window));
        metadata.Add($"{name}.embedding_length", config.Hidden);
        metadata.Add($"{name}.block_count", config.Layers);
        metadata.Add($"{name}.feed_forward_length", config.Intermediate);
        metadata.Add($"{name}.attention.head_count", config.Heads);
        metadata.Add($"{name}.attention.head_count_kv", config.KeyValueHeads);
        metadata.Add($"{name}.attention.key_length", config.HeadSize);
        metadata.Add($"{name}.attention.value_length", config.HeadSize);
        metadata.Add($"{name}.attention.layer_norm_rms_epsilon", config.NormEpsilon);
        metadata.Add($"{name}.vocab_size", config.Vocabulary);
        metadata.Add($"{name}.rope.dimension_count", 2 * config.Rotary.Pairs);
        metadata.Add($"{name}.rope.freq_base", (float)config.Rotary.Theta);
        string own = config.Rotary.Scaling;
        model.Require(own is "default" or "linear" || own == scaling, $"rotates positions by the RoPE type '{own}'");
        if (own == "linear")
        {
            metadata.Add($"{name}.rope.scaling.type", "linear");
            metadata.Add($"{name}.rope.scaling.factor", (float)Factors(config.Rotary)[0]);
        }
    }

    /// <summary>The numbers by which frequencies are divided, where it is not one for all of them.</summary>
    public static IEnumerable<GgufTensor> FrequencyFactors(LlamaConfig config)
    {
        if (config.Rotary.Scaling == "llama3")
        {
            float[] factors = [.. Factors(config.Rotary).Select(f => (float)f)];
            yield return new GgufTensor("rope_freqs.weight", IsVector: true, GgufRows.Of(factors), KeepsExact: true);
        }
    }

    private static double[] Factors(RotaryEmbedding rotary) =>
        [.. rotary.Plain.Zip(rotary.ForLength(1), (plain, scaled) => plain / scaled)];
}
