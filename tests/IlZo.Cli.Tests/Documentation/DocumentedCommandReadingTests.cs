namespace IlZo.Cli.Tests.Documentation;

/// <summary>What is a command on a page.</summary>
public sealed class DocumentedCommandReadingTests
{
    [Fact]
    public void Lines_of_blocks_without_a_language_are_commands() => Assert.Equal(
        ["p:2: ilzo train --steps 3", "p:4: ilzo eval", "p:4: b", "p:12: ilzo ls"],
        Read(
            "```", "ilzo train \\", "    --steps 3  # three", "ilzo eval …; b", "", "# nothing", "```", "ilzo outside", "```json", "```",
            "```bash", "dotnet run -c Release --project src/IlZo.Cli -- ls", "```"));

    [Fact]
    public void Lines_behind_prompts_are_commands_where_there_are_prompts()
    {
        var commands = DocumentedCommand.Of(
            "p", ["```", "$ ilzo chat \\", "    --seed 1", "> Hi", "Ho", "> /exit", "$ ilzo ls", "opt", "```"]);
        Assert.Equal(["p:2: ilzo chat --seed 1", "p:7: ilzo ls"], commands.Select(command => $"{command}"));
        Assert.Equal([2, 0], commands.Select(command => command.Typed.Count));
        Assert.Equal(["Hi", "/exit"], commands.First().Typed);
    }

    [Theory]
    [InlineData("```", "ilzo ls")]
    [InlineData("Text:", "", "    ilzo ls")]
    public void Commands_that_would_be_overlooked_are_refused(params string[] lines) => Assert.Throws<FormatException>(() => Read(lines));

    private static string[] Read(params string[] lines) => [.. DocumentedCommand.Of("p", lines).Select(command => $"{command}")];
}
