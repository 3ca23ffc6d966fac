namespace IlZo.Cli.Tests;

/// <summary>Command lines that say less, or more, than the command can do.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("train", "--run", "")]
    [InlineData("train", "--model", "")]
    [InlineData("train", "--data", "")]
    [InlineData("replay", "--run", "")]
    [InlineData("export", "--run", "run", "--out", "")]
    [InlineData("add-head", "--task", "sst2", "--out", "")]
    [InlineData("compare", "--function", "sphere", "--out", "")]
    [InlineData("bench", "make", "--shape", "opt-tiny", "--out", "")]
    public void AnEmptyValueIsRefusedByTheNameOfItsOption(params string[] arguments) =>
        Assert.StartsWith($"{arguments[^2]} is ''; ", Ilzo.Run(arguments).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void ATextMayBeEmpty()
    {
        Assert.Equal(1, Ilzo.Run("score", "--text", "").Json.GetProperty("ids").GetArrayLength());
        Assert.NotEmpty(Ilzo.Run("generate", "--prompt", "", "--max-new-tokens", "2").Success);
    }

    [Theory]
    [InlineData("{\"data\": \"\"}", "--data is ''")]
    [InlineData("{\"model\": \"a\\u0000b\"}", "--model is 'a\\u0000b'")]
    [InlineData("{\"chat_template\": \"\", \"data\": \"faq.jsonl\"}", "--chat-template is ''")]
    public void AFileOfSettingsNamesPaths(string content, string expected)
    {
        using var temp = new TempFolder();
        string config = temp.Write("c.json", content);
        Assert.StartsWith(expected, Ilzo.Run("train", "--config", config, "--run", temp["run"]).Refusal(2), StringComparison.Ordinal);
        Assert.False(Path.Exists(temp["run"]));
    }
}
