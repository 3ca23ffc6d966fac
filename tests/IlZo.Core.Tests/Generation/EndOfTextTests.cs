using IlZo.Backends.Cpu;
using IlZo.Generation;
using IlZo.Models;
using Xunit;

namespace IlZo.Core.Tests.Generation;

public sealed class EndOfTextTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("[2, 378]", 4)]
    [InlineData("[261, 378]", 3)]
    [InlineData("378", 4)]
    [InlineData("2", 8)]
    public void A_text_ends_at_any_of_the_tokens_that_the_configuration_names(string eos, int tokens)
    {
        // stories260K begins 403, 407, 261, 378, …
        foreach (string file in Directory.GetFiles(TestData.Path("models", "stories260K")))
        {
            File.Copy(file, _temp[Path.GetFileName(file)]);
        }

        // What it says goes before the configuration.
        File.Delete(_temp["generation_config.json"]);
        string config = File.ReadAllText(_temp["config.json"]);
        File.WriteAllText(
            _temp["config.json"], config.Replace("\"eos_token_id\": 2", $"\"eos_token_id\": {eos}", StringComparison.Ordinal));
        using var model = ModelLoader.Load(_temp.Path);
        using var backend = new CpuBackend(1);
        var generator = new TextGenerator(model, ModelLoader.Tokenizer(model.Checkpoint), backend);
        Assert.Equal(tokens, generator.Generate(string.Empty, 8).NewIds.Count);
    }
}
