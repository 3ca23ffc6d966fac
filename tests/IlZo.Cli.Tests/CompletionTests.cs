namespace IlZo.Cli.Tests;

/// <summary>What the scripts offer in the shells that they are for; where a shell is not installed, its test is skipped by name.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("tr", "train")]
    [InlineData("train --optimizer meazo", "meazo")]
    [InlineData("train --prefix-positions ", "kept shifted")]
    [InlineData("bench ", "forward gemm generate make optimizers rng step widen")]
    [InlineData("generate --chat-t", "--chat-template")]
    [InlineData("train --steps ", "")]
    [InlineData("score --input no", "notes.txt")]
    public void Fish_offers_commands_options_values_and_files(string line, string expected)
    {
        RequireShell("fish");
        var (code, output, errors) = ShellTests.Shell(
            $"cd '{_temp.Path}'; HOME='{_temp.Path}' fish --no-config -c \"source '{Script("fish")}'; complete -C 'ilzo {line}'\"");
        Assert.Equal((0, string.Empty), (code, errors));
        Assert.Equal(Words(expected), output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t')[0]).Order());
    }

    [Theory]
    [InlineData("train --prefix-positions ", "kept shifted")]
    [InlineData("ls ", "--help models optimizers tasks")]
    [InlineData("train --data ", "a-file")]
    [InlineData("train --adapter ", "a-file lora prefix scales")]
    [InlineData("train --steps ", "")]
    public void Zsh_offers_commands_options_values_and_files(string line, string expected)
    {
        RequireShell("zsh");

        // Its completion functions are those of a terminal; here they show what they are given.
        const string Functions = "compadd() { shift; print -l -- $@ }; _files() { print a-file }; compdef() { }";
        string words = string.Join(' ', line.Split(' ').Select(word => $"'{word}'"));
        var (code, output, errors) = ShellTests.Shell(
            $"zsh -f -c \"{Functions.Replace("$@", "\\$@", StringComparison.Ordinal)}; source '{Script("zsh")}'; "
                + $"words=(ilzo {words}); CURRENT={line.Split(' ').Length + 1}; _ilzo\"");
        Assert.Equal((0, string.Empty), (code, errors));
        Assert.Equal(Words(expected), output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    private static IEnumerable<string> Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order();

    private static void RequireShell(string shell) =>
        Assert.SkipUnless(ShellTests.Shell($"command -v {shell}").Code == 0, $"This system has no {shell}.");

    private string Script(string shell)
    {
        _temp.Write("notes.txt", "");
        return _temp.Write($"completion.{shell}", Ilzo.Run("completion", shell).Success);
    }
}
