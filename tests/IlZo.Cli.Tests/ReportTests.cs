using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace IlZo.Cli.Tests;

public sealed partial class ReportTests
{
    private static readonly string s_kept = TestData.PathOf("kept-runs", "format2-full");

    [Fact]
    public void A_run_has_a_page_unless_it_is_not_wanted()
    {
        using var temp = new TempFolder();
        var outcome = Ilzo.Run(TinyRun.Command(4, "--run", temp["run"], "--eval-every", "2"));
        Assert.Contains($"report               {temp["run", "report.html"]}\n", outcome.Success, StringComparison.Ordinal);
        string page = File.ReadAllText(temp["run", "report.html"]);
        Assert.Contains("the weights of step", page, StringComparison.Ordinal);
        Assert.Contains("<dt>processor</dt>", page, StringComparison.Ordinal);
        Assert.Contains("<h2>Time</h2>", page, StringComparison.Ordinal);
        Assert.Equal(Logged(temp["run", "metrics.jsonl"], "dev_loss"), Shown(page, "dev_loss"));
        Assert.Equal(Logged(temp["run", "metrics.jsonl"], "loss"), Shown(page, "loss"));

        // The same comes of it later, and elsewhere.
        Assert.Equal(temp["again.html"] + "\n", Ilzo.Run("report", temp["run"], "--out", temp["again.html"]).Success);
        Assert.Equal(page, File.ReadAllText(temp["again.html"]));

        var without = Ilzo.Run(TinyRun.Command(4, "--run", temp["without"], "--no-report"));
        Assert.DoesNotContain("report", without.Success, StringComparison.Ordinal);
        Assert.False(File.Exists(temp["without", "report.html"]));
    }

    [Fact]
    public void A_run_goes_on_without_its_page_where_that_cannot_be_written()
    {
        using var temp = new TempFolder();
        var first = TinyRun.Train(temp["run"], 2, "--no-report");
        Directory.CreateDirectory(temp["run", "report.html"]);
        var outcome = Ilzo.Run(TinyRun.Command(4, "--run", temp["run"], "--resume", "--json"));
        Assert.Equal(4, outcome.Json.GetProperty("steps").GetInt32());
        Assert.NotEqual(TinyRun.Sha(first), TinyRun.Sha(outcome.Json));
        Assert.Single(Notice().Matches(outcome.Errors));
    }

    [Fact]
    public void Several_runs_are_laid_over_one_another_and_exported()
    {
        using var temp = new TempFolder();
        string one = temp.Copy(s_kept, "a");
        Directory.CreateDirectory(temp["below"]);
        string two = temp.Copy(TestData.PathOf("kept-runs", "format1-lora"), Path.Combine("below", "a"));
        var outcome = Ilzo.RunIn(
            temp.Path, "report", one, $"{two}{Path.DirectorySeparatorChar}", "--svg", "charts", "--csv", "all.csv", "--tensorboard",
            "events");
        string[] written = outcome.Success.TrimEnd('\n').Split('\n');
        Assert.All(written, file => Assert.True(File.Exists(file), file));
        Assert.Equal(temp["report.html"], written[0]);

        // Both folders are called a.
        string above = Path.GetFileName(temp.Path);
        string page = File.ReadAllText(written[0]);
        Assert.Contains($"<bdi>{above}/a</bdi>", page, StringComparison.Ordinal);
        Assert.Contains("<bdi>below/a</bdi>", page, StringComparison.Ordinal);

        Assert.Equal(
            ["dev-accuracy.svg", "dev-loss.svg", "learning-rate.svg", "loss.svg", "projected-gradient.svg"],
            Directory.GetFiles(temp["charts"]).Select(Path.GetFileName).Order());
        Assert.Equal(2, XDocument.Load(temp["charts", "dev-loss.svg"]).Descendants().Count(e => e.Name.LocalName == "polyline"));
        int lines = new[] { one, two }.Sum(run => File.ReadLines(Path.Combine(run, "metrics.jsonl")).Count());
        Assert.Equal(1 + lines, File.ReadLines(temp["all.csv"]).Count());
        Assert.Equal(2, Directory.GetFiles(temp["events"], "events.out.tfevents.*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public void A_comparison_has_a_page_with_all_rates()
    {
        using var temp = new TempFolder();
        Assert.Equal(0, Ilzo.Run(
            "compare", "--function", "sphere", "--dimension", "10", "--optimizers", "mezo,fzoo", "--forward-passes", "40", "--seeds", "2",
            "--out", temp["out"]).ExitCode);
        string page = File.ReadAllText(temp["out", "report.html"]);
        using var numbers = JsonDocument.Parse(File.ReadAllText(temp["out", "compare.json"]));
        foreach (var method in numbers.RootElement.GetProperty("methods").EnumerateArray())
        {
            double best = method.GetProperty("best_learning_rate").GetDouble();
            var runs = method.GetProperty("runs").EnumerateArray().Where(r => r.GetProperty("learning_rate").GetDouble() == best).ToArray();
            double[] means = [.. runs[0].GetProperty("points").EnumerateArray().Index().Select(p => runs.Average(
                r => r.GetProperty("points")[p.Index].GetProperty("dev_loss").GetDouble()))];
            string name = method.GetProperty("name").GetString()!;
            var curve = Curves(page).Single(c => c.GetProperty("name").GetString()!.Split(' ')[0] == name);
            Assert.Equal(means, curve.GetProperty("y").EnumerateArray().Select(v => v.GetDouble()));
        }

        Assert.Equal(6, AllRates().Match(page).Value.Split("<tr><th scope=\"row\">").Length - 1);
    }

    [Theory]
    [InlineData("'RUN' is not a run: config.json, which a run writes first, was expected.", "RUN")]
    [InlineData("'KEPT' is given twice; each run once was expected.", "KEPT", "KEPT")]
    [InlineData("--out is 'RUN/page.html'; a file in an existing folder was expected.", "KEPT", "--out", "RUN/page.html")]
    [InlineData("--csv is 'RUN/all.csv'; a file in an existing folder was expected.", "KEPT", "--csv", "RUN/all.csv")]
    [InlineData(
        "--svg is 'KEPT/config.json', which is a file; a folder was expected.", "KEPT", "--out", "PAGE", "--svg", "KEPT/config.json")]
    [InlineData("--out is ''; FILE was expected.", "KEPT", "--out", "")]
    public void What_cannot_be_reported_is_refused(string message, params string[] arguments)
    {
        using var temp = new TempFolder();
        string Real(string text) => text.Replace("RUN", temp["none"], StringComparison.Ordinal).Replace(
            "KEPT", s_kept, StringComparison.Ordinal).Replace("PAGE", temp["page.html"], StringComparison.Ordinal);
        Assert.Equal(Real(message), Ilzo.Run(["report", .. arguments.Select(Real)]).Refusal(2));
    }

    [Fact]
    public void Damaged_metrics_are_refused_with_their_line()
    {
        using var temp = new TempFolder();
        string run = temp.Copy(s_kept, "run");
        File.AppendAllText(temp["run", "metrics.jsonl"], "{\"step\":\n");
        string refusal = Ilzo.Run("report", run).Refusal(2);
        Assert.StartsWith($"{temp["run", "metrics.jsonl"]}:27: got text that is not JSON; expected", refusal, StringComparison.Ordinal);
        Assert.False(File.Exists(temp["run", "report.html"]));
    }

    private static (double, double)[] Logged(string metrics, string field) =>
        [.. from line in File.ReadLines(metrics)
            let json = JsonDocument.Parse(line).RootElement
            where json.TryGetProperty(field, out _)
            select (json.GetProperty("step").GetDouble(), json.GetProperty(field).GetDouble())];

    private static (double, double)[] Shown(string page, string field)
    {
        var curve = Curves(page).Single(c => c.GetProperty("field").GetString() == field);
        var ys = curve.GetProperty("y").EnumerateArray();
        return [.. curve.GetProperty("x").EnumerateArray().Zip(ys, (x, y) => (x.GetDouble(), y.GetDouble()))];
    }

    private static JsonElement[] Curves(string page)
    {
        using var data = JsonDocument.Parse(Data().Match(page).Groups[1].Value);
        var charts = data.RootElement.Clone().GetProperty("charts").EnumerateArray();
        return [.. charts.SelectMany(c => c.GetProperty("curves").EnumerateArray())];
    }

    [GeneratedRegex("id=\"report-data\">(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Data();

    [GeneratedRegex("(?m)^note: there is no report of this run: ")]
    private static partial Regex Notice();

    [GeneratedRegex("<h2>All learning rates</h2>.*?</table>", RegexOptions.Singleline)]
    private static partial Regex AllRates();
}
