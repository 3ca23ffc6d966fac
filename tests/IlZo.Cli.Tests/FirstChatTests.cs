namespace IlZo.Cli.Tests;

/// <summary>The README's way from a CSV file to a chat, which takes most of a minute: only with <c>ILZO_TEST_LONG=1</c>.</summary>
public sealed class FirstChatTests
{
    private static readonly string s_root = Path.GetFullPath(TestData.PathOf("..", ".."));

    [Fact]
    public void Three_rows_are_learnt_by_heart_in_the_commands_of_the_README()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("ILZO_TEST_LONG") == "1", "ILZO_TEST_LONG is not 1.");
        using var temp = new TempFolder();
        string readme = File.ReadAllText(Path.Combine(s_root, "README.md")).Split("## From a CSV file to a chat")[1];
        string block = readme.Split("```\n")[1].Split("```")[0].Replace("\\\n", " ", StringComparison.Ordinal);
        string[][] commands =
        [
            .. block.Split('\n').Where(l => l.StartsWith("$ ilzo ", StringComparison.Ordinal)).Select(
                l => (string[])[.. l["$ ilzo ".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Word)]),
        ];
        Assert.Equal(["train", "report", "chat", "export"], commands.Select(c => c[0]));
        Assert.EndsWith("report.html\n", Ilzo.Run(commands[0]).Success, StringComparison.Ordinal);
        Assert.Equal(0, Ilzo.Run(commands[1]).ExitCode);
        string[] lines = block.Split('\n');
        string[] asked = [.. lines.Where(l => l.StartsWith("> ", StringComparison.Ordinal)).Select(l => l[2..])];
        string[] answers = [.. asked.SkipLast(1).Select(question => lines[Array.IndexOf(lines, $"> {question}") + 1])];
        Assert.Equal(string.Join('\n', answers) + "\n", Ilzo.RunWithInput(string.Join('\n', asked) + "\n", commands[2]).Success);
        Assert.Equal(0, Ilzo.Run(commands[3]).ExitCode);
        Assert.True(File.Exists(temp["faq.gguf"]));

        // Files of the repository are named from its root, results from where the commands run.
        string Word(string word) => Path.Exists(Path.Combine(s_root, word)) && word.Contains('/') ? Path.Combine(s_root, word)
            : word.StartsWith("runs/", StringComparison.Ordinal) || word.StartsWith("faq.", StringComparison.Ordinal) ? temp[word]
            : word;
    }
}
