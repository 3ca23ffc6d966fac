using System.Text.Json.Nodes;
using IlZo.Adapters;
using IlZo.Models;
using Xunit;

namespace IlZo.Core.Tests.Adapters;

/// <summary>Sizes of saved adapters whose products wrap: refused by their fields before memory is taken for them.</summary>
public sealed class WrappingAdapterTests : IDisposable
{
    private static readonly string[] s_sizes =
        [
            "0", "-1", "9", "65536", "67108864", "40000000", "41605", "1073741832", "2147483647", "2147483648", "4294967304",
            "9223372036854775807", "1e999", "2.5",
        ];

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("lora", "r")]
    [InlineData("prefix", "num_virtual_tokens")]
    [InlineData("prefix", "num_layers")]
    [InlineData("prefix", "token_dim")]
    public void A_size_is_refused_by_its_name(string adapter, string field)
    {
        var config = Save(adapter);
        foreach (string size in s_sizes)
        {
            Assert.Contains($"{field} is {size}", Refusal(config, field, size), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("1e308")]
    [InlineData("1e-308")]
    [InlineData("1e-38")]
    [InlineData("0")]
    [InlineData("-8")]
    public void An_alpha_whose_scale_is_no_number_of_fp32_is_refused(string alpha) =>
        Assert.Contains("lora_alpha is", Refusal(Save("lora"), "lora_alpha", alpha), StringComparison.Ordinal);

    private JsonObject Save(string adapter)
    {
        using var model = Load();
        AdapterFactory.Attach(model, new AdapterOptions(adapter) { Rank = 8, PrefixTokens = 8 }, backend: null);
        model.SaveTrained(_temp["adapter"]);
        return JsonNode.Parse(File.ReadAllText(_temp["adapter", "adapter_config.json"]))!.AsObject();
    }

    private string Refusal(JsonObject config, string field, string value)
    {
        // Numbers that JSON allows and .NET's nodes do not keep are written as they are.
        var changed = config.DeepClone().AsObject();
        changed[field] = "VALUE";
        File.WriteAllText(
            _temp["adapter", "adapter_config.json"], changed.ToJsonString().Replace("\"VALUE\"", value, StringComparison.Ordinal));
        using var model = Load();
        return Assert.Throws<InvalidInputException>(() => AdapterFactory.Attach(model, _temp["adapter"])).Message;
    }

    private static LanguageModel Load() => ModelLoader.Load(TestData.Path("fixtures", "forward", "opt-tiny"));
}
