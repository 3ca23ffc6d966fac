using IlZo.Reporting;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Reporting;

public sealed class MetricsCsvTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_row_for_each_line_has_the_numbers_of_the_line()
    {
        var folder = new RunFolder(TestData.Path("kept-runs", "format2-full"));
        MetricsCsv.Write(_temp["all.csv"], [(folder, "one, \"two\""), (folder, "other")]);
        string[][] rows = [.. File.ReadAllText(_temp["all.csv"]).Split("\r\n")[..^1].Select(Cells)];
        var expected = new List<string>();
        new MetricsReader(folder.MetricsFile).Read(line => expected.Add(
            string.Join(' ', line.Fields.Select(f => FormattableString.Invariant($"{f.Name}={f.Value:R}")).Prepend($"step={line.Step}"))));
        Assert.Equal(["run", "step", "zero_shot_loss"], rows[0][..3]);
        Assert.Equal([.. Enumerable.Repeat("one, \"two\"", expected.Count), .. Enumerable.Repeat("other", expected.Count)],
            rows[1..].Select(r => r[0]));
        Assert.Equal([.. expected, .. expected], rows[1..].Select(
            r => string.Join(' ', rows[0].Zip(r).Skip(1).Where(c => c.Second.Length > 0).Select(c => $"{c.First}={c.Second}"))));
    }

    [Fact]
    public void What_is_not_finite_is_empty_and_a_flag_is_a_word()
    {
        var folder = new RunFolder(_temp.Path);
        File.WriteAllText(folder.MetricsFile, "{\"step\":7,\"loss\":null,\"skipped\":true,\"a,b\":1e999}\n");
        MetricsCsv.Write(_temp["all.csv"], [(folder, "run")]);
        Assert.Equal("run,step,loss,skipped,\"a,b\"\r\nrun,7,,true,\r\n", File.ReadAllText(_temp["all.csv"]));
    }

    // A row of RFC 4180 without line ends inside cells.
    private static string[] Cells(string row)
    {
        var cells = new List<string>();
        for (int at = 0; at <= row.Length;)
        {
            int end = at;
            if (at < row.Length && row[at] == '"')
            {
                for (end = at + 1; row[end] != '"' || (end + 1 < row.Length && row[end + 1] == '"'); end += row[end] == '"' ? 2 : 1)
                {
                }

                cells.Add(row[(at + 1)..end].Replace("\"\"", "\"", StringComparison.Ordinal));
                at = end + 2;
            }
            else
            {
                end = row.IndexOf(',', at) is >= 0 and var comma ? comma : row.Length;
                cells.Add(row[at..end]);
                at = end + 1;
            }
        }

        return [.. cells];
    }
}
