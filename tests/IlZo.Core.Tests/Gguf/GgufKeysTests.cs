using System.Text.Json.Nodes;
using IlZo.Core.Tests.Models;
using IlZo.Gguf;
using IlZo.Models;
using Xunit;

namespace IlZo.Core.Tests.Gguf;

/// <summary>
/// What keys and names of a GGUF file say of its model is read as llama.cpp's loader reads it, or refused by its name.
/// Source: ggml-org/llama.cpp src/llama-model.cpp (load_hparams).
/// </summary>
public sealed class GgufKeysTests : IDisposable
{
    private const string Path = "input";

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    [InlineData("gemma")]
    [InlineData("gemma2")]
    public void One_factor_divides_all_frequencies_whatever_key_says_so(string architecture)
    {
        string[] linear = ["rope_type", "factor"];
        foreach (var keys in ((string, object)[][])
            [
                [("rope.scale_linear", 4f)],
                [("rope.scaling.factor", 4f)],
                [("rope.scaling.type", "linear"), ("rope.scaling.factor", 4f)],
                [("rope.scaling.type", "linear"), ("rope.scale_linear", 4f)],
                [("rope.scaling.factor", 4f), ("rope.scale_linear", 2f)],
            ])
        {
            var scaling = Config(architecture, keys)["rope_scaling"]!.AsObject();
            Assert.Equal(linear, scaling.Select(f => f.Key));
            Assert.Equal("linear", (string?)scaling["rope_type"]);
            Assert.Equal(4.0, (double)scaling["factor"]!);
        }

        foreach (var keys in ((string, object)[][])
            [
                [],
                [("rope.scale_linear", 1f)],
                [("rope.scale_linear", 0f)],
                [("rope.scaling.factor", 1f), ("rope.scale_linear", 4f)],
                [("rope.scaling.type", "linear")],
                [("rope.scaling.type", "none"), ("rope.scaling.factor", 4f)],
                [("rope.scaling.type", "none"), ("rope.scale_linear", 4f)],
            ])
        {
            Assert.False(Config(architecture, keys).ContainsKey("rope_scaling"));
        }

        Refused(architecture, "rope.scaling.factor", -4f, "-4; expected a number that is not negative.");
        Refused(architecture, "rope.scaling.factor", "4", "'4'; expected a finite number.");
        Refused(architecture, "rope.scaling.type", "yarn", "'yarn'; expected none or linear.");
        Refused(architecture, "rope.scaling.attn_factor", 1.5f, "1.5; expected 1.");
    }

    [Theory]
    [InlineData("llama-gqa", "llama")]
    [InlineData("gemma-tiny", "gemma")]
    public void A_model_with_the_older_key_computes_as_one_with_linear_scaling(string fixture, string architecture)
    {
        string source = ImportSource.WithTokenizer(_temp["source"], fixture);
        using (var model = ModelLoader.Load(source))
        {
            GgufExport.Save(model, _temp["model.gguf"], GgufType.F32);
        }

        GgufBytes.Change(_temp["model.gguf"], ($"{architecture}.rope.scale_linear", 4f));
        GgufImport.Save(_temp["model.gguf"], _temp["back"], null, null, default);
        var config = JsonNode.Parse(File.ReadAllText(_temp["source", "config.json"]))!.AsObject();
        config["rope_scaling"] = new JsonObject { ["rope_type"] = "linear", ["factor"] = 4.0 };
        File.WriteAllText(_temp["source", "config.json"], config.ToJsonString());
        int[] ids = [.. Enumerable.Range(0, 12).Select(i => (7 * i) + 3)];
        using var expected = new LoadedModel(source);
        using var back = new LoadedModel(_temp["back"]);
        Near.Equal(expected.Logits(ids), back.Logits(ids), architecture == "gemma" ? 1e-3 : 0);
    }

    [Fact]
    public void Long_rope_has_factors_and_an_attention_of_its_own_and_no_factor_of_all()
    {
        (string, float[])[] factors = [("rope_factors_long.weight", [2, 3, 4, 5]), ("rope_factors_short.weight", [1, 1, 1, 2])];
        var scaling = Config("phi3", [("rope.scaling.type", "longrope")], factors)["rope_scaling"]!.AsObject();
        Assert.Equal([2f, 3f, 4f, 5f], scaling["long_factor"]!.AsArray().Select(f => (float)f!));
        Assert.Equal([1f, 1f, 1f, 2f], scaling["short_factor"]!.AsArray().Select(f => (float)f!));
        Assert.Equal(1.0, (double)scaling["attention_factor"]!);
        Assert.Equal(1.25, (double)Config("phi3", [("rope.scaling.attn_factor", 1.25f)], factors)["rope_scaling"]!["attention_factor"]!);
        Assert.False(Config("phi3", [("rope.scaling.type", "none"), ("rope.scaling.factor", 4f)]).ContainsKey("rope_scaling"));
        Refused("phi3", "rope.scaling.factor", 4f, "4; expected 0 or 1.");
        Refused("phi3", "rope.scale_linear", 4f, "4; expected 0 or 1.");
        Refused("phi3", "rope.scaling.type", "yarn", "'yarn'; expected none or linear or longrope.");
        Refused("phi3", "rope.scaling.attn_factor", 1.5f, "1.5; expected 1.");
        Assert.Equal(
            "input: key 'phi3.rope.scaling.factor': got 4; expected 0 or 1 beside the tensor 'rope_factors_long.weight'.",
            Refusal("phi3", [("rope.scaling.factor", 4f)], factors));
        Assert.Contains("got no tensor 'rope_factors_long.weight'", Refusal("phi3", [], factors[1..]), StringComparison.Ordinal);
        Assert.Contains("got no tensor 'rope_factors_short.weight'", Refusal("phi3", [], factors[..1]), StringComparison.Ordinal);
        Assert.Equal(
            "input: got tensor 'rope_factors_long.weight' of 3 numbers; expected 4, one for each rotated pair of a head's features.",
            Refusal("phi3", [], [("rope_factors_long.weight", [1, 1, 1]), factors[1]]));
    }

    // 2π·500000^(i/4) are waves of 6, 167, 4443 and 118142 tokens, of which the third lies between the bounds 8192/4 and 8192.
    [Fact]
    public void Factors_of_llama3_are_one_for_each_pair_and_the_only_ones()
    {
        double wave = 2 * Math.PI * Math.Sqrt(500000);
        double share = ((8192 / wave) - 1) / 3;
        float[] factors = [1, 1, (float)(1 / (((1 - share) / 8) + share)), 8];
        var scaling = Config("llama", [("rope.freq_base", 500000f)], [("rope_freqs.weight", factors)])["rope_scaling"]!;
        Assert.Equal("llama3", (string?)scaling["rope_type"]);
        Assert.Equal(8.0, (double)scaling["factor"]!);
        Assert.Equal(8192, (int)scaling["original_max_position_embeddings"]!);
        Assert.Equal(
            "input: key 'llama.rope.scale_linear': got 4; expected 0 or 1 beside the tensor 'rope_freqs.weight'.",
            Refusal("llama", [("rope.scale_linear", 4f)], [("rope_freqs.weight", factors)]));
        Assert.Equal(
            "input: got tensor 'rope_freqs.weight' of 3 numbers; expected 4, one for each rotated pair of a head's features.",
            Refusal("llama", [], [("rope_freqs.weight", factors[1..])]));
    }

    [Theory]
    [InlineData("llama", "rope_factors_long.weight", "LlamaForCausalLM")]
    [InlineData("llama", "rope_other.weight", "LlamaForCausalLM")]
    [InlineData("phi3", "rope_freqs.weight", "Phi3ForCausalLM")]
    [InlineData("gpt2", "rope_freqs.weight", "GPT2LMHeadModel")]
    public void Factors_that_an_architecture_does_not_have_are_refused(string architecture, string tensor, string model) => Assert.Equal(
        $"input: got tensor '{tensor}', which a {model} has no place for; expected those of the architecture '{architecture}'.",
        Refusal(architecture, [], [(tensor, [1, 1, 1, 1])]));

    [Theory]
    [InlineData("attention.causal", true, false, "false; expected true.")]
    [InlineData("use_parallel_residual", false, true, "true; expected false.")]
    [InlineData("expert_count", 0u, 8u, "8; expected 0.")]
    [InlineData("expert_used_count", 0u, 2u, "2; expected 0.")]
    [InlineData("expert_shared_count", 0u, 1u, "1; expected 0.")]
    [InlineData("logit_scale", 1f, 0.25f, "0.25; expected 0 or 1.")]
    [InlineData("residual_scale", 0f, 0.5f, "0.5; expected 0 or 1.")]
    [InlineData("embedding_scale", 1f, 12f, "12; expected 0 or 1.")]
    [InlineData("attention.scale", 0f, 0.5f, "0.5; expected 0.")]
    [InlineData("attention.output_scale", 1f, 0.5f, "0.5; expected 0 or 1.")]
    [InlineData("attention.value_scale", 1f, 0.5f, "0.5; expected 0 or 1.")]
    [InlineData("attention.temperature_scale", 0f, 0.5f, "0.5; expected 0.")]
    [InlineData("attention.clamp_kqv", 0f, 8f, "8; expected 0.")]
    [InlineData("attention.max_alibi_bias", 0f, 8f, "8; expected 0.")]
    [InlineData("attention.value_length", 8u, 16u, "16; expected 8.")]
    [InlineData("attn_logit_softcapping", 0f, 50f, "50; expected 0.", "gemma2")]
    [InlineData("final_logit_softcapping", 0f, 30f, "30; expected 0.", "gemma2")]
    [InlineData("attention.sliding_window", 64u, 63u, "63; expected 0, or the context length, 64, at least.", "gemma2", "phi3")]
    [InlineData("attention.sliding_window", 0u, 1u, "1; expected 0, or the context length, 64, at least.", "gemma2", "phi3")]
    [InlineData("rope.dimension_count", 8u, 4u, "4; expected 8.", "phi3", "gpt2")]
    public void A_key_that_changes_what_is_computed_is_refused_but_where_the_family_has_it(
        string key, object neutral, object value, string expected, params string[] families)
    {
        foreach (string architecture in (string[])["llama", "qwen2", "qwen3", "gemma", "gemma2", "phi3", "gpt2"])
        {
            Config(architecture, [(key, neutral)]);
            if (!families.Contains(architecture))
            {
                Refused(architecture, key, value, expected);
            }
        }
    }

    [Fact]
    public void Caps_and_windows_of_gemma2_and_parts_and_windows_of_phi3_are_read()
    {
        var gemma = Config(
            "gemma2",
            [("attn_logit_softcapping", 40f), ("final_logit_softcapping", 20f), ("attention.sliding_window", 16u),
                ("attention.sliding_window_pattern", 2u), ("rope.freq_base_swa", 10000f)]);
        Assert.Equal(40.0, (double)gemma["attn_logit_softcapping"]!);
        Assert.Equal(20.0, (double)gemma["final_logit_softcapping"]!);
        Assert.Equal(16, (int)gemma["sliding_window"]!);
        Refused("gemma2", "attention.sliding_window_pattern", 6u, "6; expected 2.");
        Refused("gemma2", "rope.freq_base_swa", 5000f, "5000; expected 10000.");
        var phi = Config("phi3", [("attention.sliding_window", 16u), ("rope.dimension_count", 4u)]);
        Assert.Equal(16, (int)phi["sliding_window"]!);
        Assert.Equal(0.5, (double)phi["partial_rotary_factor"]!);
        foreach (uint size in (uint[])[0, 3, 10])
        {
            Refused("phi3", "rope.dimension_count", size, $"{size}; expected an even number from 2 to 8, the features of a head.");
        }
    }

    [Fact]
    public void Gpt2_has_as_many_keys_as_heads()
    {
        Config("gpt2", [("attention.head_count_kv", 2u), ("attention.key_length", 8u)]);
        Refused("gpt2", "attention.head_count_kv", 1u, "1; expected 2.");
        Refused("gpt2", "attention.key_length", 16u, "16; expected 8.");
    }

    [Theory]
    [InlineData("general.something", "x")]
    [InlineData("llama.something", 7u)]
    [InlineData("llama.rope.scaling.finetuned", true)]
    [InlineData("llama.rope.scaling.original_context_length", 32u)]
    [InlineData("llama.tensor_data_layout", "Meta AI original pth")]
    [InlineData("qwen2.attention.causal", false)]
    public void Other_keys_are_passed_over(string key, object value) =>
        Assert.Equal(Describe("llama", [], []).ToJsonString(), Describe("llama", [(key, value)], []).ToJsonString());

    [Theory]
    [InlineData("blk.00.attn_norm.weight")]
    [InlineData("blk.+0.attn_norm.weight")]
    [InlineData("blk.-0.attn_norm.weight")]
    [InlineData("blk. 0.attn_norm.weight")]
    [InlineData("blk.٠.attn_norm.weight")]
    [InlineData("blk..attn_norm.weight")]
    [InlineData("blk.4294967296.attn_norm.weight")]
    public void A_layer_has_one_number(string name)
    {
        string expected =
            $"input: got tensor '{name}', which a LlamaForCausalLM has no place for; expected those of the architecture 'llama'.";
        Assert.Equal(expected, Refusal("llama", [], [("blk.0.attn_norm.weight", [1]), (name, [1])]));
        Assert.Equal(expected, Refusal("llama", [], [(name, [1])]));
    }

    [Theory]
    [InlineData("bos")]
    [InlineData("eos")]
    public void Tokens_are_those_of_the_vocabulary_or_none(string token)
    {
        string key = $"tokenizer.ggml.{token}_token_id";
        Assert.False(Describe("llama", [], []).ContainsKey($"{token}_token_id"));
        Assert.Equal(3, (int)Describe("llama", [(key, 3u)], [])[$"{token}_token_id"]!);
        foreach (object none in (object[])[uint.MaxValue, -1])
        {
            var config = Describe("llama", [(key, none)], []);
            Assert.True(config.ContainsKey($"{token}_token_id"));
            Assert.Null(config[$"{token}_token_id"]);
        }

        foreach (object other in (object[])[4u, uint.MaxValue - 1, -2])
        {
            Assert.Equal(
                $"input: key '{key}': got {other}; expected one of the 4 tokens, 0 to 3, or 4294967295 for none.",
                Assert.Throws<InvalidInputException>(() => Describe("llama", [(key, other)], [])).Message);
        }
    }

    [Theory]
    [InlineData("bos")]
    [InlineData("eos")]
    [InlineData("unknown")]
    [InlineData("padding")]
    public void A_tokenizer_has_no_tokens_but_its_own(string token)
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        GgufExport.Save(model, _temp["model.gguf"], GgufType.F16);
        string key = $"tokenizer.ggml.{token}_token_id";
        GgufBytes.Change(_temp["model.gguf"], (key, 512u));
        Assert.Equal(
            $"{_temp["model.gguf"]}: key '{key}': got 512; expected one of the 512 tokens, 0 to 511, or 4294967295 for none.",
            Assert.Throws<InvalidInputException>(() => GgufImport.Save(_temp["model.gguf"], _temp["back"], null, null, default)).Message);
        GgufBytes.Change(_temp["model.gguf"], (key, uint.MaxValue));
        GgufImport.Save(_temp["model.gguf"], _temp["back"], null, null, default);
        using var back = ModelLoader.Load(_temp["back"]);
        var tokenizer = ModelLoader.Tokenizer(back.Checkpoint);

        // Where none is named, this kind of tokenizer has <s> and </s>, here as in llama.cpp.
        Assert.Equal((1, 2), (tokenizer.BosId, tokenizer.EosId));
        Assert.Equal(token == "bos" ? null : 1, back.Shape.BosId);
    }

    // What the model's loader finds wrong it knows by other names, and in a folder that is gone when the message is read.
    [Theory]
    [InlineData("attention.head_count", 0u, "num_attention_heads")]
    [InlineData("attention.head_count_kv", 3u, "num_key_value_heads")]
    [InlineData("attention.layer_norm_rms_epsilon", -1f, "rms_norm_eps")]
    [InlineData("rope.freq_base", -1f, "rope_theta")]
    [InlineData("context_length", 0u, "max_position_embeddings")]
    [InlineData("block_count", 4u, "num_hidden_layers")]
    public void What_cannot_be_loaded_is_named_by_its_file_and_key(string key, object value, string field)
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        GgufExport.Save(model, _temp["model.gguf"], GgufType.F16);
        GgufBytes.Change(_temp["model.gguf"], ($"llama.{key}", value), ("llama.attention.key_length", 8u));
        string message = Unusable($"{field} is its 'llama.{key}'");
        Assert.Contains(field, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_cannot_be_loaded_is_named_as_the_file_calls_it()
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        GgufExport.Save(model, _temp["model.gguf"], GgufType.F32);
        var file = new GgufFile(_temp["model.gguf"]);
        var tensors = file.Tensors.ToDictionary(t => t.Key, t => (t.Value.Shape, t.Value.Values));
        tensors["blk.2.ffn_norm.weight"] = ([63], tensors["blk.2.ffn_norm.weight"].Values[1..]);
        File.WriteAllBytes(_temp["model.gguf"], GgufBytes.Of(file.Metadata, tensors));
        Unusable("model.layers.2.post_attention_layernorm.weight is its 'blk.2.ffn_norm.weight'");
    }

    [Fact]
    public void A_template_that_cannot_be_read_is_noted()
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        GgufExport.Save(model, _temp["model.gguf"], GgufType.F16);
        GgufBytes.Change(_temp["model.gguf"], ("tokenizer.chat_template", "{% for m in messages %}{{ m.content }}{% endfor %}"));
        Assert.Null(GgufImport.Save(_temp["model.gguf"], _temp["good"], null, null, default));
        GgufBytes.Change(_temp["model.gguf"], ("tokenizer.chat_template", "{% for m in messages %}{{ m.content }}"));
        string? note = GgufImport.Save(_temp["model.gguf"], _temp["back"], null, null, default);
        Assert.StartsWith(
            $"the chat template is none that can be used, so that conversations need another: {_temp["model.gguf"]}",
            note, StringComparison.Ordinal);
        using var back = ModelLoader.Load(_temp["back"]);
        Assert.NotEmpty(ModelLoader.Tokenizer(back.Checkpoint).Encode("Once upon a time"));
    }

    private string Unusable(string expected)
    {
        string message = Assert.Throws<InvalidInputException>(
            () => GgufImport.Save(_temp["model.gguf"], _temp["back"], null, null, default)).Message;
        Assert.StartsWith($"'{_temp["model.gguf"]}': what came of it cannot be used", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("tmp-", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_temp["back"]));
        return message;
    }

    private static void Refused(string architecture, string key, object value, string expected) => Assert.Equal(
        $"input: key '{architecture}.{key}': got {expected}", Refusal(architecture, [(key, value)], []));

    private static string Refusal(string architecture, (string, object)[] keys, (string, float[])[] vectors) =>
        Assert.Throws<InvalidInputException>(() => Config(architecture, keys, vectors)).Message;

    private static JsonObject Config(string architecture, (string Key, object Value)[] keys, (string, float[])[]? vectors = null) =>
        Describe(architecture, [.. keys.Select(k => ($"{architecture}.{k.Key}", k.Value))], vectors ?? []);

    // Two heads of 8 features, 64 positions, 4 tokens.
    private static JsonObject Describe(string architecture, (string Key, object Value)[] keys, (string Name, float[] Values)[] vectors)
    {
        var all = new Dictionary<string, object>
        {
            ["general.architecture"] = architecture,
            [$"{architecture}.context_length"] = 64u,
            [$"{architecture}.embedding_length"] = 16u,
            [$"{architecture}.block_count"] = 1u,
            [$"{architecture}.feed_forward_length"] = 32u,
            [$"{architecture}.attention.head_count"] = 2u,
            [$"{architecture}.attention.layer_norm_rms_epsilon"] = 1e-5f,
            [$"{architecture}.attention.layer_norm_epsilon"] = 1e-5f,
        };
        foreach (var (key, value) in keys)
        {
            all[key] = value;
        }

        var tensors = vectors.ToDictionary(v => v.Name, v => (new long[] { v.Values.Length }, v.Values));
        tensors.Add("token_embd.weight", ([16, 4], new float[64]));
        using var file = GgufModelFile.FromMemory(Path, GgufBytes.Of(all, tensors));
        return GgufImport.Describe(file).Config;
    }
}
