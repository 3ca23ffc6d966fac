using System.Text.Json.Nodes;
using IlZo.Models;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>The fields of GPT-2's configuration, against <see cref="Gpt2Reference"/>.</summary>
public class Gpt2ConfigTests
{
    private const int Vocabulary = 71;
    private const int Hidden = 40;
    private const int Layers = 3;

    private static readonly int[] s_text = [.. Enumerable.Range(0, 37).Select(i => (i * 29) % Vocabulary)];

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"n_inner": 24, "activation_function": "relu"}""")]
    [InlineData("""{"n_head": 8, "activation_function": "silu", "layer_norm_epsilon": 1e-2}""")]
    [InlineData("""{"scale_attn_weights": false}""")]
    [InlineData("""{"scale_attn_by_inverse_layer_idx": true, "reorder_and_upcast_attn": true}""")]
    [InlineData("""{"scale_attn_weights": false, "scale_attn_by_inverse_layer_idx": true}""")]
    [InlineData("""{"tie_word_embeddings": false}""")]
    public void Logits_equal_the_float64_reference(string fields)
    {
        using var folder = Write(fields);
        float[] expected = new Gpt2Reference(folder.Path).Logits(s_text);
        using var fixture = new LoadedModel(folder.Path);
        Near.Equal(expected, fixture.Logits(s_text), 1e-4);
    }

    [Fact]
    public void The_float64_reference_equals_the_reference_library()
    {
        using var folder = new TempFolder();
        using var fixture = new ForwardFixture("gpt2-tiny");
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(fixture.Folder, "config.json")))!.AsObject();
        config["scale_attn_weights"] = true;
        config["scale_attn_by_inverse_layer_idx"] = false;
        File.WriteAllText(folder["config.json"], config.ToJsonString());
        File.Copy(Path.Combine(fixture.Folder, "model.safetensors"), folder["model.safetensors"]);
        var input = fixture.Inputs[2];
        Near.Equal(fixture.Expected(input.Name + ".logits"), new Gpt2Reference(folder.Path).Logits(input.Ids), 1e-5);
    }

    [Theory]
    [InlineData("""{"n_head": 3}""", "n_embd 40 is not a multiple of n_head 3")]
    [InlineData("""{"add_cross_attention": true}""", "add_cross_attention")]
    [InlineData("""{"activation_function": "tanh"}""", "activation_function 'tanh' is not supported")]
    [InlineData("""{"n_inner": 160, "n_embd": 44}""", "shape [71, 40]; [71, 44] was expected")]
    [InlineData("""{"n_positions": 12}""", "wpe.weight' has shape [48, 40]; [12, 40] was expected")]
    public void A_field_that_cannot_be_honoured_is_refused(string fields, string named)
    {
        using var folder = Write(fields, "{}");
        string message = Assert.Throws<InvalidInputException>(() => ModelLoader.Load(folder.Path)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    // The weights follow from some fields, the configuration says others too.
    private static TempFolder Write(string fields, string? weightFields = null)
    {
        var folder = new TempFolder();
        var config = Config(fields);
        var weights = Config(weightFields ?? fields);
        long inner = weights["n_inner"]?.GetValue<int>() ?? 4 * Hidden;
        bool tied = weights["tie_word_embeddings"]!.GetValue<bool>();
        RandomCheckpoint.Write(folder.Path, config.ToJsonString(), Tensors(inner, tied));
        return folder;
    }

    private static JsonObject Config(string fields)
    {
        var config = JsonNode.Parse($$"""
            {"model_type": "gpt2", "vocab_size": {{Vocabulary}}, "n_embd": {{Hidden}}, "n_layer": {{Layers}}, "n_head": 4, "n_positions": 48, "n_inner": null,
             "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "scale_attn_weights": true, "scale_attn_by_inverse_layer_idx": false,
             "tie_word_embeddings": true}
            """)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }

        return config;
    }

    private static IEnumerable<(string Name, long[] Shape)> Tensors(long inner, bool tied)
    {
        yield return ("transformer.wte.weight", [Vocabulary, Hidden]);
        yield return ("transformer.wpe.weight", [48, Hidden]);
        if (!tied)
        {
            yield return ("lm_head.weight", [Vocabulary, Hidden]);
        }

        string[] norms = ["transformer.ln_f", .. Enumerable.Range(0, Layers).SelectMany(
            i => (string[])[$"transformer.h.{i}.ln_1", $"transformer.h.{i}.ln_2"])];
        foreach (string norm in norms)
        {
            yield return (norm + ".weight", [Hidden]);
            yield return (norm + ".bias", [Hidden]);
        }

        for (int i = 0; i < Layers; i++)
        {
            foreach (var (name, inputs, outputs) in ((string, long, long)[])
            [
                ("attn.c_attn", Hidden, 3 * Hidden), ("attn.c_proj", Hidden, Hidden), ("mlp.c_fc", Hidden, inner),
                ("mlp.c_proj", inner, Hidden),
            ])
            {
                yield return ($"transformer.h.{i}.{name}.weight", [inputs, outputs]);
                yield return ($"transformer.h.{i}.{name}.bias", [outputs]);
            }
        }
    }
}
