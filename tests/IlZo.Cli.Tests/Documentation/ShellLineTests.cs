namespace IlZo.Cli.Tests.Documentation;

/// <summary>Lines of a shell, as the pages have them.</summary>
public sealed class ShellLineTests
{
    [Theory]
    [InlineData("ilzo score  --text \"A cat is an <mask>.\"   # what may stand there", "ilzo", "score", "--text", "A cat is an <mask>.")]
    [InlineData("a --train-only '*.bias' b#c # d", "a", "--train-only", "*.bias", "b#c")]
    [InlineData("""a "x\"y" 'x\y' "x\y" x\ y 'x'"y"z""", "a", "x\"y", "x\\y", "x\\y", "x y", "xyz")]
    [InlineData("a ''", "a", "")]
    public void Words_have_no_quotes_and_comments_are_left_out(string line, params string[] words) =>
        Assert.Equal(words, Assert.Single(ShellLine.Parse(line)).Words.Select(word => word.Text));

    [Fact]
    public void Several_commands_stand_on_one_line() => Assert.Equal(
        ["a b;c", "d", "e"], ShellLine.Parse("a 'b;c'; d && e").Select(c => string.Join(' ', c.Words.Select(word => word.Text))));

    [Fact]
    public void Pipes_files_and_variables_belong_to_commands()
    {
        var commands = ShellLine.Parse(@"printf 'x\ny' | KEY=1 a --prompts - > out; b");
        Assert.Equal([false, true, false], commands.Select(c => c.IsPiped));
        Assert.Equal(["printf", @"x\ny"], commands[0].Words.Select(word => word.Text));
        var command = commands[1];
        Assert.Equal(["a", "--prompts", "-"], command.Words.Select(word => word.Text));
        Assert.Equal(["KEY=1"], command.Variables);
        Assert.Equal("out", command.OutputFile);
        Assert.Equal("in.txt", Assert.Single(ShellLine.Parse("a < in.txt")).InputFile);
    }

    [Fact]
    public void Only_words_without_quotes_are_patterns() => Assert.Equal(
        [false, true, false, true],
        Assert.Single(ShellLine.Parse("a runs/* '*.[4-5]' x'*'?")).Words.Select(word => word.IsPattern));

    [Theory]
    [InlineData("a 'b")]
    [InlineData("a $b")]
    [InlineData("a \"$b\"")]
    [InlineData("a & b")]
    [InlineData("a <(b)")]
    [InlineData("a >")]
    [InlineData("a |")]
    [InlineData("; a")]
    public void What_is_not_understood_is_refused(string line) => Assert.Throws<FormatException>(() => ShellLine.Parse(line));
}
