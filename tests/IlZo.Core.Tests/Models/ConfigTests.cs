using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Arithmetic.Vectors;
using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Models.Llama;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>
/// Settings that transformers reads from several places, fields that are null, and pairs that are tied: configuration_*.py of transformers
/// 5.
/// </summary>
public sealed class ConfigTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("""{"rope_parameters": {"rope_type": "default"}, "rope_theta": 5e5}""", 5e5)]
    [InlineData("""{"rope_parameters": {"rope_type": "default", "rope_theta": null}, "rope_theta": 5e5}""", 5e5)]
    [InlineData("""{"rope_parameters": {"rope_type": "default", "rope_theta": 7e5}, "rope_theta": 5e5}""", 7e5)]
    [InlineData("""{"rope_scaling": {"rope_type": "default", "rope_theta": 7e5}, "rope_theta": 5e5}""", 7e5)]
    [InlineData("""{"rope_scaling": {"rope_theta": 7e5}, "rope_parameters": {"rope_theta": 6e5}}""", 7e5)]
    [InlineData("""{"rope_scaling": {}, "rope_parameters": {"rope_theta": 6e5}}""", 6e5)]
    [InlineData("""{"rope_scaling": null, "rope_parameters": {"rope_theta": 6e5}}""", 6e5)]
    [InlineData("""{"rope_scaling": null, "rope_parameters": {}, "rope_theta": 5e5}""", 5e5)]
    [InlineData("""{"rope_theta": null}""", 1e4)]
    public void The_base_of_angles_is_taken_from_where_transformers_takes_it(string config, double theta) =>
        Near.Equal(Math.Pow(theta, -2.0 / 8), Rotary(config).ForLength(1)[1], 1e-7);

    [Theory]
    [InlineData("""{"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}}""", "partial_rotary_factor")]
    [InlineData("""{"partial_rotary_factor": 0.5}""", "partial_rotary_factor")]
    [InlineData(
        """{"rope_parameters": {"full_attention": {"rope_theta": 1e6}, "sliding_attention": {"rope_theta": 1e4}}}""", "full_attention")]
    public void Angles_that_are_not_computed_are_refused(string config, string named) =>
        Assert.Contains(named, Assert.Throws<InvalidInputException>(() => Rotary(config)).Message, StringComparison.Ordinal);

    [Fact]
    public void Yarn_takes_its_factor_from_the_two_lengths_where_it_has_none() =>
        Near.Equal(
            [.. Rotary("""{"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}}""").ForLength(1)],
            [.. Rotary("""{"rope_scaling": {"rope_type": "yarn", "factor": null}, "original_max_position_embeddings": 16}""").ForLength(1)],
            0);

    // Absent is the class's default, null the number of heads. Heads are 64 wherever they are not the default.
    [Theory]
    [InlineData("llama", null, 64)]
    [InlineData("llama", "null", 64)]
    [InlineData("mistral", null, 8)]
    [InlineData("mistral", "null", 64)]
    [InlineData("qwen2", null, 32)]
    [InlineData("qwen2", "null", 64)]
    [InlineData("qwen3", null, 32)]
    [InlineData("qwen3", "null", 64)]
    [InlineData("qwen3", "16", 16)]
    public void Key_value_heads_that_are_null_are_as_many_as_heads(string family, string? value, int expected)
    {
        string field = value is null ? string.Empty : $", \"num_key_value_heads\": {value}";
        var config = new LlamaConfig(Reader($$"""{"num_attention_heads": 64{{field}}}"""), Variant(family));
        Assert.Equal(expected, config.KeyValueHeads.Value);
    }

    [Theory]
    [InlineData("llama", "{}", 128)]
    [InlineData("llama", """{"head_dim": null}""", 128)]
    [InlineData("qwen3", """{"hidden_size": 2048}""", 128)]
    [InlineData("qwen3", """{"hidden_size": 2048, "head_dim": null}""", 64)]
    [InlineData("qwen3", """{"hidden_size": 2048, "head_dim": 32}""", 32)]
    public void A_heads_size_that_is_null_follows_from_the_heads(string family, string config, int expected) =>
        Assert.Equal(expected, new LlamaConfig(Reader(config), Variant(family)).HeadSize.Value);

    [Theory]
    [InlineData("llama", "{}", 1, new[] { 2 })]
    [InlineData("llama", """{"bos_token_id": null, "eos_token_id": null}""", null, new int[0])]
    [InlineData("llama", """{"bos_token_id": 7, "eos_token_id": [8, 9]}""", 7, new[] { 8, 9 })]
    [InlineData("qwen2", "{}", null, new int[0])]
    public void Tokens_that_are_null_are_none_and_absent_ones_the_defaults(string family, string config, int? bos, int[] eos)
    {
        var read = new LlamaConfig(Reader(config), Variant(family));
        Assert.Equal(bos, read.BosId);
        Assert.Equal(eos, read.EosIds);
    }

    [Theory]
    [InlineData("num_hidden_layers")]
    [InlineData("max_position_embeddings")]
    [InlineData("rms_norm_eps")]
    [InlineData("rope_scaling")]
    [InlineData("rope_parameters")]
    [InlineData("hidden_act")]
    [InlineData("attention_bias")]
    [InlineData("tie_word_embeddings")]
    [InlineData("layer_types")]
    [InlineData("quantization_config")]
    [InlineData("head_dim")]
    public void A_field_that_is_null_or_empty_is_absent(string field)
    {
        foreach (string nothing in new[] { "null", "{}", "[]", "\"\"" })
        {
            var config = new LlamaConfig(Reader($$"""{"{{field}}": {{nothing}}}"""), LlamaVariant.Qwen2);
            Assert.Equal(
                (32, 32768, 1e-6f, 128), (config.Layers.Value, config.MaxPositions.Value, config.NormEpsilon, config.HeadSize.Value));
            Assert.Equal((ActivationFunction.Silu, false, false), (config.Activation, config.AttentionBias, config.Tied));
        }
    }

    [Fact]
    public void Gpt2s_other_names_are_those_of_transformers()
    {
        var config = new IlZo.Models.Gpt2.Gpt2Config(Reader(
            """{"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "max_position_embeddings": 99, "n_layer": 3}"""));
        Assert.Equal((64, 3, 4, 99), (config.Hidden.Value, config.Layers.Value, config.Heads.Value, config.MaxPositions.Value));
        var error = Assert.Throws<InvalidInputException>(
            () => new IlZo.Models.Gpt2.Gpt2Config(Reader("""{"n_layer": 3, "num_hidden_layers": 4}""")));
        Assert.Contains("n_layer is 3 and num_hidden_layers, which is another name for it, is 4", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"quantization_config": {"quant_method": "gptq", "bits": 4}}""", "quantized by gptq")]
    [InlineData("""{"quantization_config": {"load_in_4bit": true}}""", "quantized by a method that it does not name")]
    public void A_quantized_model_is_called_by_its_method(string config, string words) =>
        Assert.Contains(
            words,
            Assert.Throws<InvalidInputException>(() => new LlamaConfig(Reader(config), LlamaVariant.Llama)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Fields_that_nothing_reads_are_kept_by_name()
    {
        var reader = Reader("""{"vocab_size": 9, "logit_scale": 2, "rope_scaling": {"rope_type": "linear", "factor": 2, "mrope_section": [1]}, "nothing": null, "empty": []}""");
        _ = new LlamaConfig(reader, LlamaVariant.Llama);
        Assert.Equal(["logit_scale", "rope_scaling.mrope_section"], reader.Unread);
    }

    [Theory]
    [InlineData("opt-tiny", "model.decoder.embed_tokens.weight")]
    [InlineData("llama-gqa", "model.embed_tokens.weight")]
    [InlineData("gpt2-tiny", "transformer.wte.weight")]
    public void A_tied_pair_may_be_stored_under_the_heads_name(string fixture, string embedding)
    {
        using var expected = new LoadedModel(TestData.Path("fixtures", "forward", fixture));
        Rewrite(
            fixture,
            tensor => (tensor.Name == embedding ? "lm_head.weight" : tensor.Name, tensor),
            config => config["tie_word_embeddings"] = true);
        using var model = new LoadedModel(_temp.Path);
        Assert.Equal(expected.Logits([3, 1, 4, 1, 5]), model.Logits([3, 1, 4, 1, 5]));
        Assert.Empty(model.Model.Notes);
    }

    [Fact]
    public void A_head_that_differs_from_the_embedding_it_should_be_tied_to_is_kept()
    {
        using var untied = new LoadedModel(TestData.Path("fixtures", "forward", "llama-mha"));
        Rewrite("llama-mha", tensor => (tensor.Name, tensor), config => config["tie_word_embeddings"] = true);
        using var model = new LoadedModel(_temp.Path);
        Assert.Equal(untied.Logits([3, 1, 4]), model.Logits([3, 1, 4]));
        Assert.Contains("lm_head.weight", Assert.Single(model.Model.Warnings), StringComparison.Ordinal);
        Assert.Equal(untied.Model.Parameters.All.Count, model.Model.Parameters.All.Count);
    }

    [Theory]
    [InlineData("_orig_mod.", "torch.compile")]
    [InlineData("module.", "DataParallel")]
    [InlineData("base_model.model.", "PEFT")]
    [InlineData("_fsdp_wrapped_module.", "FSDP")]
    public void A_wrappers_prefix_is_called_by_its_maker(string prefix, string maker)
    {
        Rewrite("llama-gqa", tensor => (prefix + tensor.Name, tensor));
        string message = Assert.Throws<InvalidInputException>(() => new LoadedModel(_temp.Path)).Message;
        Assert.Contains($"begins with '{prefix}', which {maker}", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.layers.0.mlp.up_proj.qweight", "GPTQ")]
    [InlineData("model.layers.0.mlp.up_proj.weight.absmax", "bitsandbytes")]
    [InlineData("model.layers.0.mlp.up_proj.weight_scale_inv", "FP8")]
    [InlineData("model.layers.0.self_attn.q_proj.lora_A.default.weight", "PEFT")]
    [InlineData("model.layers.0._orig_mod.mlp.up_proj.weight", "torch.compile")]
    public void Tensors_of_other_tools_are_called_by_their_makers(string name, string maker)
    {
        Rewrite("llama-gqa", tensor => (tensor.Name == "model.norm.weight" ? name : tensor.Name, tensor));
        Assert.Contains(maker, Assert.Throws<InvalidInputException>(() => new LoadedModel(_temp.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rotated_positions_go_beyond_the_length_a_model_was_made_for_and_a_tables_do_not()
    {
        int[] text = [.. Enumerable.Range(0, 100).Select(i => i % 300)];
        using var longer = new LoadedModel(TestData.Path("fixtures", "forward", "llama-gqa"));
        Rewrite("llama-gqa", t => (t.Name, t), config => config["max_position_embeddings"] = 64);
        using var rotated = new LoadedModel(_temp.Path);
        Assert.Equal(64, rotated.Model.Shape.MaxPositions);
        IlZo.Generation.TextScorer.CheckIds(text, rotated.Model.Shape, "The text");
        Assert.Equal(longer.Logits(text), rotated.Logits(text));
        using var learned = new LoadedModel(TestData.Path("fixtures", "forward", "opt-tiny"));
        Assert.Contains(
            "at most 64",
            Assert.Throws<InvalidInputException>(() => IlZo.Generation.TextScorer.CheckIds(text, learned.Model.Shape, "The text")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Dynamic_scaling_is_that_of_the_whole_text_when_it_is_longer_than_the_model_was_made_for()
    {
        // A text of 96 tokens at factor 3 and 64 positions has the base θ (3 · 96 / 64 − 2)^(d/(d−2)): a plain model with that base gives
        // the same logits.
        int[] text = [.. Enumerable.Range(0, 96).Select(i => (7 * i) % 300)];
        Rewrite("llama-gqa", t => (t.Name, t), config =>
        {
            config["max_position_embeddings"] = 64;
            config["rope_scaling"] = JsonNode.Parse("""{"type": "dynamic", "factor": 3.0}""");
        });
        using var dynamic = new LoadedModel(_temp.Path);
        int head = dynamic.Model.Shape.QueryFeatures / 8;
        double theta = 500000 * Math.Pow((3.0 * 96 / 64) - 2, head / (head - 2.0));
        float[] logits = dynamic.Logits(text);
        Rewrite("llama-gqa", t => (t.Name, t), config => config["rope_theta"] = theta);
        using var plain = new LoadedModel(_temp.Path);
        Near.Equal(plain.Logits(text), logits, 1e-5);
    }

    private static ConfigReader Reader(string config)
    {
        using var json = JsonDocument.Parse(config);
        return new ConfigReader("config.json", json.RootElement.Clone());
    }

    private static RotaryEmbedding Rotary(string config) => RotaryEmbedding.FromConfig(Reader(config), 8, 64);

    private static LlamaVariant Variant(string family) => family switch
    {
        "mistral" => LlamaVariant.Mistral,
        "qwen2" => LlamaVariant.Qwen2,
        "qwen3" => LlamaVariant.Qwen3,
        _ => LlamaVariant.Llama,
    };

    // A fixture with other names of tensors and another configuration, in the temporary folder.
    private unsafe void Rewrite(
        string fixture, Func<TensorEntry, (string Name, TensorEntry Tensor)> change, Action<JsonObject>? edit = null)
    {
        using var source = CheckpointFolder.Open(TestData.Path("fixtures", "forward", fixture));
        var config = JsonNode.Parse(Encoding.UTF8.GetString(source.ConfigBytes))!.AsObject();
        edit?.Invoke(config);
        File.WriteAllText(_temp["config.json"], config.ToJsonString());
        SafetensorsWriter.Write(_temp["model.safetensors"], [.. source.Tensors.Values.Select(change).Select(
            c => new TensorEntry(string.Empty, c.Name, c.Tensor.Type, c.Tensor.Shape, c.Tensor.Data))]);
    }
}
