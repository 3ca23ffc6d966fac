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

    [Theory]
    [InlineData("fly", "'fly' is no command; one of train, add-head, compare, ")]
    [InlineData("ls planets", "'planets' is no command; one of models, tasks, optimizers was expected.")]
    public void AWordThatIsNoCommandIsNamedWithThoseThatAre(string line, string expected) =>
        Assert.StartsWith($"ilzo: {expected}", Ilzo.Run(line.Split(' ')).Errors, StringComparison.Ordinal);

    [Theory]
    [InlineData("train", "--seed", "-1", "--seed is -1; a whole number of at least 0 was expected.")]
    [InlineData("train", "--steps", "3000000000", "--steps is 3000000000; a whole number of at most 2147483647 was expected.")]
    [InlineData("train", "--steps", "1.5", "--steps is 1.5; a whole number was expected.")]
    [InlineData("eval", "--seed", "4294967296", "--seed is '4294967296'; a whole number of at most 4294967295 was expected.")]
    public void AWholeNumberOutsideItsRangeIsRefusedWithTheLimit(string verb, string option, string value, string expected) =>
        Assert.StartsWith($"ilzo: {expected}", Ilzo.Run(verb, option, value).Errors, StringComparison.Ordinal);
}
