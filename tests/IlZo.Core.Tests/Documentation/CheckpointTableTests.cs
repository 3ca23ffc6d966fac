using System.Text.Json;
using System.Text.RegularExpressions;
using IlZo.Adapters;
using IlZo.Checkpoints;
using IlZo.Checkpoints.Torch;
using IlZo.Models;
using IlZo.Models.Bert;
using IlZo.Models.DistilBert;
using IlZo.Models.Gemma;
using IlZo.Models.Gpt2;
using IlZo.Models.Llama;
using IlZo.Models.Opt;
using IlZo.Models.Phi3;
using IlZo.Models.Roberta;
using Xunit;

namespace IlZo.Core.Tests.Documentation;

/// <summary>docs/checkpoints.md lists what the program asks for, and nothing else.</summary>
public sealed class CheckpointTableTests
{
    private static readonly string[] s_types = ["default", "linear", "dynamic", "yarn", "llama3"];

    private static readonly string[] s_all = [.. ModelCatalog.Families.Select(f => f.ModelType)];

    public static TheoryData<string> Families => [.. s_all];

    [Theory]
    [MemberData(nameof(Families))]
    public void The_fields_of_a_family_are_those_that_its_configuration_asks_for(string family)
    {
        string[] documented =
            [.. Rows("## Fields of config.json", "field").Where(r => Of(r[1]).Contains(family)).SelectMany(r => Names(r[0]))];

        // What the catalog asks before the family does.
        string[] ofCatalog = ["model_type", "dtype", "torch_dtype", "architectures", "id2label", "num_labels"];
        string[] expected = [.. documented.Except(ofCatalog).Where(f => !f.StartsWith("rope_scaling.", StringComparison.Ordinal)).Order(
            StringComparer.Ordinal)];
        Assert.Equal(expected, Asked(family, "{}").Union(Asked(family, """{"use_sliding_window": true}""")).Order(StringComparer.Ordinal));
        if (documented.Contains("rope_scaling"))
        {
            string[] inside =
                [.. documented.Where(f => f.StartsWith("rope_scaling.", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
            string[] asked = [.. s_types.SelectMany(AskedInside).Distinct().Order(StringComparer.Ordinal)];
            Assert.Equal(inside, asked);
        }

        // Phi-3's class has two types only.
        IEnumerable<string> AskedInside(string type) => Asked(family, family == "phi3" && type != "default"
                ? """{"head_dim": 2, "rope_scaling": {"type": "longrope", "short_factor": [1], "long_factor": [2]}}"""
                : $$$"""{"rope_scaling": {"type": "{{{type}}}", "factor": 2, "mscale": 1, "mscale_all_dim": 1}}""")
            .Where(f => f.StartsWith("rope_scaling.", StringComparison.Ordinal));
    }

    [Fact]
    public void Unused_fields_are_those_that_are_passed_over() =>
        Assert.Equal(
            ConfigFields.Irrelevant.Order(StringComparer.Ordinal),
            Rows("## Fields of config.json", "unused fields").SelectMany(r => Names(r[0])).Order(StringComparer.Ordinal));

    [Fact]
    public void The_fields_of_generation_config_are_those_that_are_read_and_those_that_are_passed_over()
    {
        var rows = Rows("## generation_config.json", "field");
        Assert.Equal(
            GenerationConfig.Parse("f", "{}"u8.ToArray()).Used.Order(StringComparer.Ordinal),
            rows.Where(r => r[1].StartsWith("used", StringComparison.Ordinal)).SelectMany(r => Names(r[0])).Order(StringComparer.Ordinal));
        Assert.Equal(
            GenerationConfig.Irrelevant.Order(StringComparer.Ordinal),
            rows.Where(r => r[1] == "unused").SelectMany(r => Names(r[0])).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_a_pickle_may_hold_is_what_is_read()
    {
        var rows = Rows("## pytorch_model.bin", "in the pickle").ToDictionary(r => r[0], r => Names(r[1]));
        Assert.Equal(PickleReader.Known.Select(o => o.ToString()), rows["operations"]);
        Assert.Equal(TorchObjects.Functions, rows["functions"]);
        Assert.Equal(TorchObjects.Storages.Keys, rows["storages"]);
    }

    [Fact]
    public void Files_are_those_that_are_opened_or_copied_and_those_that_are_named()
    {
        var rows = Rows("## Files", "file");
        string[] read =
        [
            CheckpointFolder.ConfigFileName, CheckpointFolder.SingleFileName, ShardIndex.FileName, CheckpointFolder.TorchFileName,
            ShardIndex.TorchFileName,
            PeftFolder.ConfigFileName, PeftFolder.WeightsFileName, PeftFolder.TorchFileName, .. CheckpointSaver.CopiedFiles,
        ];
        Assert.Equal(
            read.Order(StringComparer.Ordinal),
            rows.Where(r => r[1].StartsWith("used", StringComparison.Ordinal)).SelectMany(r => Names(r[0])).Order(StringComparer.Ordinal));
        using var temp = new TempFolder();
        foreach (string name in rows.Where(r => r[1].StartsWith("unused", StringComparison.Ordinal)).SelectMany(r => Names(r[0])))
        {
            string file = temp[name.Replace("*", "weights", StringComparison.Ordinal)];
            File.WriteAllText(file, string.Empty);
            Assert.Contains(Path.GetFileName(file), UnreadWeights.Describe(temp.Path), StringComparison.Ordinal);
            File.Delete(file);
        }
    }

    private static IEnumerable<string> Asked(string family, string config)
    {
        using var json = JsonDocument.Parse(config);
        var reader = new ConfigReader("config.json", json.RootElement);
        _ = family switch
        {
            "opt" => new OptConfig(reader),
            "gpt2" => new Gpt2Config(reader),
            "roberta" => new RobertaConfig(reader),
            "bert" => new BertConfig(reader),
            "distilbert" => new DistilBertConfig(reader),
            "mistral" => new LlamaConfig(reader, LlamaVariant.Mistral),
            "qwen2" => new LlamaConfig(reader, LlamaVariant.Qwen2),
            "qwen3" => new LlamaConfig(reader, LlamaVariant.Qwen3),
            "gemma" => new GemmaConfig(reader, GemmaConfig.First),
            "gemma2" => new GemmaConfig(reader, GemmaConfig.Second),
            "phi3" => new LlamaConfig(reader, Phi3Model.Variant),
            _ => (object)new LlamaConfig(reader, LlamaVariant.Llama),
        };
        return [.. reader.Asked];
    }

    private static string[] Of(string families) => families == "all" ? s_all : families.Split(", ");

    private static string[] Names(string cell) => [.. Regex.Matches(cell, "`([^`]+)`").Select(m => m.Groups[1].Value)];

    // The rows of the table in a section whose first column has that heading.
    private static List<string[]> Rows(string section, string heading)
    {
        string[] lines = File.ReadAllLines(TestData.Path("..", "..", "docs", "checkpoints.md"));
        var rows = lines.SkipWhile(l => l != section).SkipWhile(
            l => !l.StartsWith($"| {heading} |", StringComparison.Ordinal)).Skip(2).TakeWhile(l => l.StartsWith('|'));
        return [.. rows.Select(l => l.Split('|').Skip(1).Select(c => c.Trim()).ToArray())];
    }
}
