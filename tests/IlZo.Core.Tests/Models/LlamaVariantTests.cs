using IlZo.Backends;
using IlZo.Models;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Architectures that differ from Llama by a few fields, against <see cref="LlamaReference"/>.</summary>
public class LlamaVariantTests
{
    private const int Vocabulary = 101;
    private const int Hidden = 48;
    private const int Intermediate = 80;
    private const int Layers = 3;
    private const int Everything = int.MaxValue;

    private static readonly int[] s_text = [.. Enumerable.Range(0, 45).Select(i => (i * 37) % Vocabulary)];

    /// <summary>Further fields of the configuration, the parts of the file, and the window of each layer.</summary>
    public static TheoryData<string, string, int[]> Variants => new()
    {
        { """ "model_type": "llama" """, "", [Everything, Everything, Everything] },
        { """ "model_type": "llama", "attention_bias": true, "mlp_bias": true, "head_dim": 20 """, "qkv o mlp", [
            Everything, Everything, Everything,
        ] },
        { """ "model_type": "mistral" """, "", [4096, 4096, 4096] },
        { """ "model_type": "mistral", "sliding_window": null, "tie_word_embeddings": true """, "tied", [
            Everything, Everything, Everything,
        ] },
        { """ "model_type": "mistral", "sliding_window": 7 """, "", [7, 7, 7] },
        { """ "model_type": "mistral", "sliding_window": 1, "head_dim": 16 """, "", [1, 1, 1] },
        { """ "model_type": "qwen2", "use_sliding_window": false, "sliding_window": 4, "max_window_layers": 1 """, "qkv", [
            Everything, Everything, Everything,
        ] },
        { """ "model_type": "qwen2", "use_sliding_window": true, "sliding_window": 33, "max_window_layers": 1 """, "qkv", [
            Everything, 33, 33,
        ] },
        { """ "model_type": "qwen2", "use_sliding_window": true, "sliding_window": 9, "tie_word_embeddings": true """, "qkv tied", [
            Everything, Everything, Everything,
        ] },
        {
            """ "model_type": "qwen2", "use_sliding_window": true, "sliding_window": 5, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"] """,
            "qkv", [5, Everything, 5]
        },
        { """ "model_type": "qwen3", "head_dim": 24, "rms_norm_eps": 1e-3 """, "norms", [Everything, Everything, Everything] },
        { """ "model_type": "qwen3", "head_dim": 8, "attention_bias": true, "tie_word_embeddings": true """, "qkv o norms tied", [
            Everything, Everything, Everything,
        ] },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public void Logits_equal_the_float64_reference(string fields, string parts, int[] windows)
    {
        using var folder = Write(fields, parts);
        float[] expected = new LlamaReference(folder.Path).Logits(s_text, layer => windows[layer]);
        using var model = new LoadedModel(folder.Path);
        Near.Equal(expected, model.Logits(s_text), 1e-4);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void A_key_value_cache_gives_the_logits_of_the_whole_text(string fields, string parts, int[] windows)
    {
        using var folder = Write(fields, parts);
        using var loaded = new LoadedModel(folder.Path);
        var shape = loaded.Model.Shape;
        using var cache = loaded.CreateCache(s_text.Length);
        float[] whole = loaded.Logits(s_text);
        Assert.Equal(windows.Length, shape.Layers);
        int position = 0;
        foreach (int length in (int[])[20, 1, 1, 23])
        {
            float[] part = loaded.Logits(s_text[position..(position + length)], cache, position);
            Near.Equal(whole.AsSpan(position * Vocabulary, part.Length), part, 1e-4);
            position += length;
        }
    }

    [Theory]
    [InlineData("llama-mha")]
    [InlineData("llama-gqa")]
    public void The_float64_reference_equals_the_reference_library(string name)
    {
        using var fixture = new ForwardFixture(name);
        var reference = new LlamaReference(fixture.Folder);
        var input = fixture.Inputs[2];
        Near.Equal(fixture.Expected(input.Name + ".logits"), reference.Logits(input.Ids), 1e-5);
    }

    [Theory]
    [InlineData(""" "model_type": "llama", "sliding_window": 4 """, "sliding_window")]
    [InlineData(""" "model_type": "mistral", "sliding_window": 0 """, "sliding_window is 0; a positive integer")]
    [InlineData(""" "model_type": "mistral", "layer_types": ["sliding_attention"] """, "layer_types")]
    [InlineData(""" "model_type": "qwen2", "layer_types": ["full_attention"] """, "layer_types has 1 entries; one for each of 3 layers")]
    [InlineData(""" "model_type": "qwen3", "layer_types": ["full_attention", "x", "y"] """, "layer_types[1] is 'x'")]
    [InlineData(""" "model_type": "qwen3", "layer_types": "full_attention" """, "a list of strings was expected")]
    [InlineData(""" "model_type": "qwen2", "max_window_layers": -1 """, "max_window_layers is -1")]
    [InlineData(""" "model_type": "qwen3", "head_dim": 24 """, "q_norm.weight' is missing")]
    [InlineData(""" "model_type": "qwen2" """, "q_proj.bias' is missing")]
    [InlineData(
        """ "model_type": "qwen2_moe" """, "model_type is 'qwen2_moe'; one of these was expected: opt, gpt2, llama, mistral, qwen2, qwen3")]
    public void A_field_that_cannot_be_honoured_is_refused_by_name(string fields, string named)
    {
        using var folder = Write(fields, string.Empty);
        string message = Assert.Throws<InvalidInputException>(() => ModelLoader.Load(folder.Path)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    /// <summary>A checkpoint with six heads on two key/value heads.</summary>
    internal static TempFolder Write(string fields, string parts)
    {
        var folder = new TempFolder();
        string usual = fields.Contains("rms_norm_eps", StringComparison.Ordinal) ? string.Empty : "\"rms_norm_eps\": 1e-6, ";
        string config = $$"""
            {{{usual}}"vocab_size": {{Vocabulary}}, "hidden_size": {{Hidden}}, "intermediate_size": {{Intermediate}}, "num_hidden_layers": {{Layers}},
             "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 128, "rope_theta": 10000.0,{{fields}}}
            """;
        using var json = System.Text.Json.JsonDocument.Parse(config);
        long size = json.RootElement.TryGetProperty("head_dim", out var given) ? given.GetInt32() : Hidden / 6;
        RandomCheckpoint.Write(folder.Path, config, Tensors(size, parts.Split(' ')));
        return folder;
    }

    private static IEnumerable<(string Name, long[] Shape)> Tensors(long size, string[] parts)
    {
        yield return ("model.embed_tokens.weight", [Vocabulary, Hidden]);
        yield return ("model.norm.weight", [Hidden]);
        if (!parts.Contains("tied"))
        {
            yield return ("lm_head.weight", [Vocabulary, Hidden]);
        }

        for (int i = 0; i < Layers; i++)
        {
            foreach (var (name, outputs, inputs, part) in ((string, long, long, string)[])
            [
                ("self_attn.q_proj", 6 * size, Hidden, "qkv"), ("self_attn.k_proj", 2 * size, Hidden, "qkv"),
                ("self_attn.v_proj", 2 * size, Hidden, "qkv"),
                ("self_attn.o_proj", Hidden, 6 * size, "o"), ("mlp.gate_proj", Intermediate, Hidden, "mlp"),
                ("mlp.up_proj", Intermediate, Hidden, "mlp"),
                ("mlp.down_proj", Hidden, Intermediate, "mlp"),
            ])
            {
                yield return ($"model.layers.{i}.{name}.weight", [outputs, inputs]);
                if (parts.Contains(part))
                {
                    yield return ($"model.layers.{i}.{name}.bias", [outputs]);
                }
            }

            yield return ($"model.layers.{i}.input_layernorm.weight", [Hidden]);
            yield return ($"model.layers.{i}.post_attention_layernorm.weight", [Hidden]);
            if (parts.Contains("norms"))
            {
                yield return ($"model.layers.{i}.self_attn.q_norm.weight", [size]);
                yield return ($"model.layers.{i}.self_attn.k_norm.weight", [size]);
            }
        }
    }
}
