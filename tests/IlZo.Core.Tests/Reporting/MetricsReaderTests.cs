using IlZo.Reporting;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Reporting;

public sealed class MetricsReaderTests : IDisposable
{
    private readonly TempFolder _temp = new();

    private string File => _temp["metrics.jsonl"];

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Lines_are_read_once_and_a_torn_one_when_it_is_whole()
    {
        var reader = new MetricsReader(File);
        System.IO.File.WriteAllText(File, "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"lo");
        Assert.Equal(["1 loss=0.5"], Read(reader));
        Assert.Empty(Read(reader));
        System.IO.File.AppendAllText(File, "ss\":null,\"skipped\":true}\n{\"step\":2,\"dev_loss\":1e999}\n");
        Assert.Equal(["2 loss=NaN skipped=1", "2 dev_loss=Infinity"], Read(reader));
        Assert.Empty(Read(reader));
    }

    [Fact]
    public void A_long_file_is_read_as_a_whole()
    {
        System.IO.File.WriteAllLines(File, Enumerable.Range(1, 20_000).Select(i => $"{{\"step\":{i},\"loss\":{i}.5}}"));
        var steps = new List<long>();
        new MetricsReader(File).Read(line =>
        {
            Assert.Equal(line.Step + 0.5, line["loss"]);
            steps.Add(line.Step);
        });
        Assert.Equal(Enumerable.Range(1, 20_000).Select(i => (long)i), steps);
    }

    [Theory]
    [InlineData("loss: 1", "got text that is not JSON")]
    [InlineData("{\"step\":1} 2", "got text that is not JSON")]
    [InlineData("{\"step\":1,\"loss\":NaN}", "got text that is not JSON")]
    [InlineData("{\"step\":1,\"\\ud800\":1}", "got text that is not JSON")]
    [InlineData("\u0000", "got text that is not JSON")]
    [InlineData("[1]", "got JSON that is not an object")]
    [InlineData("{\"loss\":1}", "got an object without 'step'")]
    [InlineData("{\"step\":-1}", "got a step that is not a whole number of at least 0")]
    [InlineData("{\"step\":1.5}", "got a step that is not a whole number of at least 0")]
    [InlineData("{\"step\":99999999999999999999}", "got a step that is not a whole number of at least 0")]
    [InlineData("{\"step\":1,\"loss\":\"low\"}", "got 'loss' that is not a number")]
    [InlineData("{\"step\":1,\"loss\":[1]}", "got 'loss' that is not a number")]
    public void Another_line_is_refused_with_its_place(string line, string expected)
    {
        System.IO.File.WriteAllText(File, "{\"step\":1,\"loss\":0.5}\n\n" + line + "\n");
        string message = Assert.Throws<InvalidInputException>(() => Read(new MetricsReader(File))).Message;
        Assert.StartsWith($"{File}:3: {expected}; expected a line of metrics", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_would_take_unbounded_memory_is_refused()
    {
        System.IO.File.WriteAllText(File, new string(' ', 1 << 18));
        Assert.Contains("a line of more than 65536 bytes", Refusal(), StringComparison.Ordinal);
        System.IO.File.WriteAllText(
            File, "{\"step\":1," + string.Join(',', Enumerable.Range(0, 1000).Select(i => $"\"f{i}\":1")) + "}\n");
        Assert.Contains("more than 64 fields", Refusal(), StringComparison.Ordinal);
        System.IO.File.Delete(File);
        Assert.Contains("cannot be opened", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_field_of_a_real_run_is_read()
    {
        var folder = new RunFolder(TestData.Path("kept-runs", "format2-full"));
        var lines = new List<string>();
        new MetricsReader(folder.MetricsFile).Read(line => lines.Add(Text(line)));
        Assert.Equal(System.IO.File.ReadLines(folder.MetricsFile).Count(), lines.Count);
        Assert.Equal("0 zero_shot_loss=1.6975635145203578 zero_shot_correct=5 zero_shot_total=16", lines[0]);
    }

    private string Refusal() => Assert.Throws<InvalidInputException>(() => Read(new MetricsReader(File))).Message;

    private static List<string> Read(MetricsReader reader)
    {
        var lines = new List<string>();
        reader.Read(line => lines.Add(Text(line)));
        return lines;
    }

    private static string Text(MetricsLine line) =>
        string.Join(' ', line.Fields.Select(f => FormattableString.Invariant($"{f.Name}={f.Value:R}")).Prepend($"{line.Step}"));
}
