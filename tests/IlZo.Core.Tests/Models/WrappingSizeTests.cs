using System.Text.Json.Nodes;
using IlZo.Models;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>
/// Sizes whose products do not fit 32 or 64 bits: every field of every family is refused by its name, or makes a model whose logits are
/// numbers; nothing is read outside a buffer and nothing large is allocated.
/// </summary>
public sealed class WrappingSizeTests : IDisposable
{
    // Heads times their size are 64 modulo 2³², which is the hidden size.
    private const long WrappingHeads = 41605;
    private const long WrappingHeadSize = 103232;

    private static readonly long[] s_sizes =
    [
        WrappingHeads, WrappingHeadSize, 1 << 15, 1 << 16, (1 << 16) + 1, 1 << 22, (1 << 22) + 64, 1 << 24, 1 << 26, (1L << 30) + 16,
        (1L << 31) / 3 * 2,
        (1L << 31) - 1, 1L << 31, 1L << 32, (1L << 32) + 64, long.MaxValue, 0, -1, -64, int.MinValue,
    ];

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string, string[]> Families => new()
    {
        { "opt-tiny", [
            "vocab_size", "hidden_size", "num_hidden_layers", "ffn_dim", "num_attention_heads", "max_position_embeddings",
            "word_embed_proj_dim",
        ] },
        { "opt-350m-style", [
            "vocab_size", "hidden_size", "num_hidden_layers", "ffn_dim", "num_attention_heads", "max_position_embeddings",
            "word_embed_proj_dim",
        ] },
        { "gpt2-tiny", ["vocab_size", "n_embd", "n_layer", "n_head", "n_positions", "n_inner"] },
        { "roberta-tiny", [
            "vocab_size", "hidden_size", "num_hidden_layers", "intermediate_size", "num_attention_heads", "max_position_embeddings",
            "type_vocab_size", "pad_token_id",
        ] },
        { "bert-tiny", s_bert },
        { "bert-classes", s_bert },
        { "distilbert-tiny", ["vocab_size", "dim", "n_layers", "hidden_dim", "n_heads", "max_position_embeddings"] },
        { "distilbert-classes", ["vocab_size", "dim", "n_layers", "hidden_dim", "n_heads", "max_position_embeddings"] },
        { "llama-gqa", s_llama },
        { "llama-gqa as mistral", [.. s_llama, "sliding_window"] },
        { "llama-gqa as qwen2", [.. s_llama, "max_window_layers"] },
        { "llama-gqa as qwen3", s_llama },
        { "gemma-tiny", s_llama },
        { "gemma2-tiny", [.. s_llama, "sliding_window", "query_pre_attn_scalar"] },
        { "phi3-tiny", [.. s_llama, "sliding_window", "original_max_position_embeddings"] },
        { "phi3-longrope", [.. s_llama, "original_max_position_embeddings"] },
    };

    private static string[] s_bert =>
        [
            "vocab_size", "hidden_size", "num_hidden_layers", "intermediate_size", "num_attention_heads", "max_position_embeddings",
            "type_vocab_size",
        ];

    private static string[] s_llama =>
        [
            "vocab_size", "hidden_size", "num_hidden_layers", "intermediate_size", "num_attention_heads", "num_key_value_heads", "head_dim",
            "max_position_embeddings",
        ];

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_size_is_refused_by_its_field_or_makes_a_model(string family, string[] fields)
    {
        var config = Copy(family);
        foreach (string field in fields)
        {
            foreach (long size in s_sizes)
            {
                var changed = config.DeepClone().AsObject();
                changed[field] = size;
                Try(changed, field);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Two_sizes_whose_product_wraps_are_refused_by_both_names(string family, string[] fields)
    {
        string[] heads = fields.Contains("head_dim") ? ["num_attention_heads", "num_key_value_heads", "head_dim"] : fields[..4];
        var config = Copy(family);
        foreach (string first in heads)
        {
            foreach (string second in heads.Where(f => f != first))
            {
                foreach (var (a, b) in ((long, long)[])[
                    (WrappingHeads, WrappingHeadSize), (1 << 14, 1 << 18), (1 << 11, 1 << 21), (1 << 16, 1 << 16), (3, 1431655766),
                ])
                {
                    var changed = config.DeepClone().AsObject();
                    (changed[first], changed[second]) = (a, b);
                    Try(changed, first, second);
                }
            }
        }
    }

    [Fact]
    public void Heads_times_their_size_are_named_where_they_wrap_to_the_hidden_size()
    {
        var config = Copy("llama-gqa");
        config["num_attention_heads"] = 1 << 14;
        config["num_key_value_heads"] = 1 << 14;
        config["head_dim"] = (1 << 18) + 2;
        string message = Refusal(config);
        Assert.Contains("num_attention_heads × head_dim is 4295000064; 4194304 at most was expected", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_of_layers_is_named_with_that_of_the_weights()
    {
        var config = Copy("llama-gqa");
        config["num_hidden_layers"] = 3;
        Assert.Contains("num_hidden_layers is 3 in config.json; 2 was expected", Refusal(config), StringComparison.Ordinal);
        config["num_hidden_layers"] = int.MaxValue;
        Assert.Contains("num_hidden_layers is 2147483647; 16384 at most", Refusal(config), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rope_theta", "1e-308", "rope_theta")]
    [InlineData("rope_theta", "0", "rope_theta")]
    [InlineData("rope_theta", "-10000", "rope_theta")]
    [InlineData("rope_theta", "1e999", "rope_theta")]
    [InlineData("rope_theta", "1e300", "rope_theta")]
    [InlineData("rope_theta", "\"10000\"", "rope_theta")]
    [InlineData("rope_scaling", """{"rope_type": "linear", "factor": 0}""", "factor")]
    [InlineData("rope_scaling", """{"rope_type": "linear", "factor": 1e-37}""", "rope_scaling")]
    [InlineData("rope_scaling", """{"rope_type": "linear", "factor": 1e-310}""", "factor")]
    [InlineData("rope_scaling", """{"rope_type": "dynamic", "factor": 1e30}""", "rope_scaling")]
    [InlineData("rope_scaling", """{"rope_type": "llama3", "factor": 2, "low_freq_factor": 1e-39}""", "low_freq_factor")]
    [InlineData("rope_scaling", """{"rope_type": "llama3", "factor": 1e-37, "original_max_position_embeddings": 1}""", "rope_scaling")]
    [InlineData("rope_scaling", """{"rope_type": "yarn", "factor": 2, "attention_factor": 1e39}""", "attention_factor")]
    [InlineData("rope_scaling", """{"rope_type": "yarn", "factor": 1e38, "mscale": 1e38, "mscale_all_dim": 1e-37}""", "rope_scaling")]
    [InlineData("rope_parameters", """{"rope_theta": 1e-308}""", "rope_theta")]
    [InlineData("rope_parameters", """{"rope_type": "linear", "factor": 1e-37}""", "rope_parameters")]
    [InlineData("rms_norm_eps", "1e300", "rms_norm_eps")]
    [InlineData("rms_norm_eps", "1e-50", "rms_norm_eps")]
    public void A_number_that_makes_no_numbers_is_refused_by_its_name(string field, string value, string named)
    {
        var config = Copy("llama-gqa");
        config[field] = JsonNode.Parse(value);
        Assert.Contains(named, Refusal(config), StringComparison.Ordinal);
    }

    // A family's weights, where it has the shape of another's.
    private JsonObject Copy(string family)
    {
        string[] parts = family.Split(" as ");
        string folder = TestData.Path("fixtures", "forward", parts[0]);
        File.Copy(Path.Combine(folder, "model.safetensors"), _temp["model.safetensors"]);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();
        if (parts.Length == 2)
        {
            config["model_type"] = parts[1];
            config["head_dim"] = 8;
        }

        return config;
    }

    private void Try(JsonObject config, params string[] fields)
    {
        File.WriteAllText(_temp["config.json"], config.ToJsonString());
        try
        {
            using var loaded = new LoadedModel(_temp.Path);
            Assert.All(loaded.Logits([5, 6, 7]), logit => Assert.True(float.IsFinite(logit)));
        }
        catch (InvalidInputException e)
        {
            // Qwen's weights have more tensors than Llama's, which these files lack at any size.
            bool otherWeights = e.Message.Contains("is missing", StringComparison.Ordinal)
                && config["model_type"]!.GetValue<string>().StartsWith("qwen", StringComparison.Ordinal);
            Assert.True(
                otherWeights || fields.Any(field => e.Message.Contains(field, StringComparison.Ordinal)),
                $"{string.Join(", ", fields)}: {e.Message}");
        }
    }

    private string Refusal(JsonObject config)
    {
        File.WriteAllText(_temp["config.json"], config.ToJsonString());
        return Assert.Throws<InvalidInputException>(() => ModelLoader.Load(_temp.Path)).Message;
    }
}
