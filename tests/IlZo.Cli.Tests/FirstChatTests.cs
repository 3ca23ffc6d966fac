using IlZo.Cli.Tests.Documentation;

namespace IlZo.Cli.Tests;

/// <summary>The README's way from a CSV file to a chat, to its answers: most of a minute, so only with <c>ILZO_TEST_LONG=1</c>.</summary>
public sealed class FirstChatTests
{
    [Fact]
    public void Three_rows_are_learnt_by_heart_in_the_commands_of_the_README()
    {
        Assert.SkipUnless(Core.Tests.LongTests.Run, "ILZO_TEST_LONG is not 1.");
        using var temp = new TempFolder();
        DocumentedCommand[] commands = [.. DocumentedCommand.All.Where(c => c.Page == "README.md" && c.Words.Contains("runs/faq"))];
        Assert.Equal(["train", "report", "chat", "export"], commands.Select(c => c.Words[1]));
        Placeholders.Make(temp, commands);
        var run = new DocumentedRun(temp.Path);
        string[] outputs = [.. commands.Select(command => run.Run(command, asWritten: true).Success)];
        Assert.EndsWith("report.html\n", outputs[0], StringComparison.Ordinal);

        // An answer stands below its question; the last line ends the chat.
        string[] lines = File.ReadAllLines(DocumentedCommand.InRepository("README.md"));
        var answers = commands[2].Typed.SkipLast(1).Select(question => lines[Array.IndexOf(lines, $"> {question}") + 1]);
        Assert.Equal(string.Concat(answers.Select(answer => $"{answer}\n")), outputs[2]);
        Assert.True(File.Exists(temp["faq.gguf"]));
    }
}
