using System.Text.Json;
using IlZo.Adapters;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Adapters;

public sealed class AdapterCatalogTests
{
    [Fact]
    public void Kinds_are_told_by_their_names_and_by_PEFTs()
    {
        Assert.All(AdapterCatalog.Kinds, k => Assert.Same(k, AdapterCatalog.Find(k.Name)));
        Assert.Equal(AdapterCatalog.Kinds.Count, AdapterCatalog.Kinds.DistinctBy(k => k.PeftType).Count());
        Assert.All(AdapterCatalog.Kinds, k => Assert.Same(k, AdapterCatalog.KindOf(k.Name)));
        Assert.Null(AdapterCatalog.Find("LORA"));
        Assert.Null(AdapterCatalog.Find(null));
    }

    [Fact]
    public void Options_of_adapters_are_fields_of_a_training_and_set_no_other()
    {
        var before = Fields(new TrainingOptions());
        foreach (var option in AdapterCatalog.Kinds.SelectMany(k => k.Options))
        {
            var set = option switch
            {
                AdapterOption<int> o => o.Set(new TrainingOptions(), 77),
                AdapterOption<double> o => o.Set(new TrainingOptions(), 77.5),
                AdapterOption<string> o => o.Set(new TrainingOptions(), o.Name == "prefix-positions" ? "shifted" : "seventy-seven"),
                _ => throw new InvalidOperationException(option.Name),
            };
            var after = Fields(Assert.IsType<TrainingOptions>(set));
            Assert.Equal([option.Name.Replace('-', '_')], before.Keys.Where(name => before[name] != after[name]));
        }
    }

    private static Dictionary<string, string> Fields(TrainingOptions options) =>
        JsonSerializer.SerializeToElement(options, RunConfigurationJson.Default.TrainingOptions).EnumerateObject().ToDictionary(
            p => p.Name, p => p.Value.GetRawText());
}
