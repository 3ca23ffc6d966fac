using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Models;
using IlZo.Models.Llama;
using IlZo.Models.Phi3;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Fields of Phi-3 beyond those that <see cref="ForwardFixtureTests"/> computes with.</summary>
public sealed class Phi3Tests : IDisposable
{
    private const string Factors = """ "short_factor": [1, 2], "long_factor": [3, 4] """;

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Absent_fields_have_the_defaults_of_the_configuration_class()
    {
        var config = Config("{}");
        Assert.Equal(
            (32, 3072, 32, 32, 96),
            (config.Layers.Value, config.Hidden.Value, config.Heads.Value, config.KeyValueHeads.Value, config.HeadSize.Value));
        Assert.Equal((1e-5f, 1, 32000), (config.NormEpsilon, config.BosId, config.EosIds.Single()));
        Assert.Null(config.Window[0]);
        Assert.Equal((48, 1f, ConfigSize.MaxRows), (config.Rotary.Pairs, config.Rotary.AttentionFactor, config.Rotary.LongestText));
    }

    [Theory]
    [InlineData("longrope")]
    [InlineData("su")]
    [InlineData("yarn")]
    public void Longrope_divides_the_angles_and_scales_by_the_growth_of_the_length(string type)
    {
        var config = Config($$$"""
            {"head_dim": 8, "partial_rotary_factor": 0.5, "max_position_embeddings": 65536, "original_max_position_embeddings": 256,
             "rope_scaling": {"type": "{{{type}}}", {{{Factors}}}}}
            """);

        // 65,536 is 256 times 256, so the factor is √(1 + 1); of 4 rotated features the pairs turn by 1 and by 1/100, over 1 and 2.
        Near.Equal(Math.Sqrt(2), config.Rotary.AttentionFactor, 1e-6);
        Near.Equal([1, 0.005f], [.. config.Rotary.ForLength(256)], 1e-9);
        Assert.Equal(256, config.Rotary.LongestText);
    }

    [Fact]
    public void A_model_with_longrope_takes_texts_up_to_the_length_before()
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", "phi3-longrope"));
        Assert.Equal((64, 64), (model.Shape.MaxPositions, model.Shape.LongestText));
        string message =
            Assert.Throws<InvalidInputException>(() => IlZo.Generation.TextScorer.CheckIds(new int[65], model.Shape, "The text")).Message;
        Assert.Contains("at most 64", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        """{"rope_scaling": {"type": "linear", "factor": 2}}""", "the RoPE type 'linear' is not supported; default and longrope are")]
    [InlineData(
        """{"head_dim": 4, "rope_scaling": {"type": "longrope", "short_factor": [1], "long_factor": [1, 2]}}""",
        "short_factor is [1]; a list of 2 positive numbers")]
    [InlineData(
        """{"head_dim": 4, "rope_scaling": {"type": "longrope", "short_factor": [1, 2]}}""",
        "long_factor is absent; a list of 2 positive numbers")]
    [InlineData(
        """{"head_dim": 4, "rope_scaling": {"type": "longrope", "short_factor": [1, 0], "long_factor": [1, 2]}}""",
        "short_factor is [1, 0]")]
    [InlineData(
        """{"head_dim": 4, "rope_scaling": {"type": "longrope", "short_factor": [1e-37, 1], "long_factor": [1, 2]}}""", "rope_scaling")]
    [InlineData("""{"head_dim": 4, "original_max_position_embeddings": 1, "rope_scaling": {"type": "longrope", "short_factor": [1, 1], "long_factor": [1, 2]}}""", "rope_scaling")]
    [InlineData("""{"partial_rotary_factor": 1.5}""", "partial_rotary_factor is 1.5")]
    [InlineData("""{"partial_rotary_factor": 0.001}""", "partial_rotary_factor is 0.001")]
    [InlineData("""{"head_dim": 10, "partial_rotary_factor": 0.5}""", "partial_rotary_factor is 0.5")]
    [InlineData("""{"layer_types": ["full_attention"]}""", "layer_types")]
    public void A_field_that_cannot_be_honoured_is_refused_by_name(string config, string named) =>
        Assert.Contains(named, Assert.Throws<InvalidInputException>(() => Config(config)).Message, StringComparison.Ordinal);

    [Fact]
    public void Separate_projections_are_refused_by_the_name_of_the_joint_one()
    {
        string folder = TestData.Path("fixtures", "forward", "llama-gqa");
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();
        config["model_type"] = "phi3";
        File.WriteAllText(_temp["config.json"], config.ToJsonString());
        File.Copy(Path.Combine(folder, "model.safetensors"), _temp["model.safetensors"]);
        Assert.Contains(
            "qkv_proj.weight' is missing",
            Assert.Throws<InvalidInputException>(() => ModelLoader.Load(_temp.Path)).Message,
            StringComparison.Ordinal);
    }

    private static LlamaConfig Config(string config) =>
        new(new ConfigReader("config.json", JsonDocument.Parse(config).RootElement), Phi3Model.Variant);
}
