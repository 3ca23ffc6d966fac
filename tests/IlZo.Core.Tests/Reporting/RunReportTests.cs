using System.Text.Json;
using System.Text.RegularExpressions;
using IlZo.Reporting;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Reporting;

public sealed partial class RunReportTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("format1-full")]
    [InlineData("format1-lora")]
    [InlineData("format2-full")]
    [InlineData("format2-head")]
    public void The_data_of_the_page_equal_the_metrics_of_the_run(string name)
    {
        var folder = new RunFolder(TestData.Path("kept-runs", name));
        var curves = Curves(Page((folder, name)));
        var fields = curves.Select(c => c.Field).OfType<string>().ToArray();
        Assert.Contains("loss", fields);
        Assert.Contains("dev_loss", fields);
        Assert.Contains("dev_accuracy", fields);
        Assert.Contains("projected_gradient", fields);
        Assert.Contains("learning_rate", fields);
        Assert.Equal(fields.Length, fields.Distinct().Count());
        Assert.All(curves.Where(c => c.Field is not null), c => Assert.Equal(Logged(folder, c.Field!, "step"), c.Points));
    }

    [Fact]
    public void Several_runs_are_drawn_against_forward_passes_each_in_its_own_style()
    {
        string[] names = ["format1-full", "format2-full", "format2-lora"];
        var folders = names.Select(n => (new RunFolder(TestData.Path("kept-runs", n)), n)).ToArray();
        string page = Page(folders);
        foreach (string field in new[] { "dev_loss", "dev_accuracy", "learning_rate" })
        {
            var curves = Curves(page).Where(c => c.Field == field).ToArray();
            Assert.Equal(names, curves.Select(c => c.Name));
            Assert.Equal([0, 1, 2], curves.Select(c => c.Style));
            foreach (var (curve, (folder, _)) in curves.Zip(folders))
            {
                Assert.Equal(Logged(folder, field, "forward_passes"), curve.Points);
            }
        }

        Assert.Contains("Settings that differ", page, StringComparison.Ordinal);
        Assert.Contains("<th scope=\"col\">adapter</th>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_headline_has_the_start_the_best_and_the_end_with_intervals()
    {
        string page = Page((new RunFolder(TestData.Path("kept-runs", "format2-full")), "run"));
        Assert.Contains("<th scope=\"col\">best, step 20</th>", page, StringComparison.Ordinal);

        // 6 of 16 dev rows and 5 of 16 test rows, with Wilson's intervals.
        foreach (string row in new[]
        {
            "dev loss</bdi></th><td>1.7710</td><td>1.3781</td><td>1.3781</td>",
            "dev accuracy</bdi></th><td>37.5 % <span class=\"unit\">(18.5–61.4)</span></td>",
            "test loss</bdi></th><td>1.6976</td><td>1.2699</td><td></td>",
            "test accuracy</bdi></th><td>31.2 % <span class=\"unit\">(14.2–55.6)</span></td>",
        })
        {
            Assert.Contains($"<bdi>{row}", page, StringComparison.Ordinal);
        }

        Assert.Contains("<dt>time</dt><dd>4.5 s</dd>", page, StringComparison.Ordinal);
        Assert.Contains("<dt>peak memory</dt><dd>94.3 MB</dd>", page, StringComparison.Ordinal);
        Assert.Contains("Finished after 20 steps; the weights of step 20 are kept.", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_from_a_file_is_anything_but_text()
    {
        const string Attack = "</script><img src=x onerror=alert(1)>\"'&\u202e\u0007";
        var folder = Copy("format2-full");
        string attack = JsonEncodedText.Encode(Attack).ToString();
        File.WriteAllText(folder.ConfigurationFile, File.ReadAllText(folder.ConfigurationFile).Replace(
            "\"model\": \"builtin\"", $"\"model\": \"{attack}\"", StringComparison.Ordinal).Replace(
            "\"task\": \"sst2-sentiment\"", $"\"task\": \"{attack}\"", StringComparison.Ordinal));
        File.AppendAllText(folder.MetricsFile, $"{{\"step\":20,\"{attack}\":1}}\n{{\"step\":20,\"dev_loss\":1,\"dev_{attack}\":0.5}}\n");
        foreach (string page in new[] { Page((folder, Attack)), Page((folder, Attack), (folder, "other")) })
        {
            Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
            Assert.Equal(2, ScriptEnd().Count(page));
            Assert.Contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;", page, StringComparison.Ordinal);
            Assert.DoesNotContain('\u0007', page);
            Assert.Contains(Curves(page), c => c.Field == Attack);
        }

        foreach (var chart in RunReport.Of(RunReport.Read([(folder, Attack)])).Charts)
        {
            Assert.Matches("^[a-z0-9-]+$", chart.Id);
            System.Xml.Linq.XDocument.Parse(SvgChart.Of(chart));
        }
    }

    [Theory]
    [InlineData("", "Step 0 of 20 so far.")]
    [InlineData("{\"step\":1,\"loss\":0.7,\"projected_gradient\":1,\"learning_rate\":1,\"forward_passes\":2}\n", "Step 1 of 20")]
    [InlineData("{\"step\":1,\"loss\":null,\"skipped\":true,\"learning_rate\":1,\"forward_passes\":2,\"tokens\":9}\n", "skipped steps")]
    [InlineData("{\"step\":0,\"zero_shot_loss\":null,\"zero_shot_correct\":5,\"zero_shot_total\":0}\n", "Step 0")]
    [InlineData("{\"step\":0,\"zero_shot_loss\":1e999,\"zero_shot_correct\":7,\"zero_shot_total\":5}\n", "not finite")]
    [InlineData("{\"step\":0,\"dev_loss\":1,\"dev_accuracy\":7}\n{\"step\":0,\"dev_loss\":null,\"dev_accuracy\":null}\n", "dev accuracy")]
    [InlineData("{\"step\":1,\"dev_loss\":-1e308}\n{\"step\":2,\"dev_loss\":1e308}\n", "dev loss")]
    public void A_run_that_has_hardly_begun_or_went_astray_has_a_page_too(string metrics, string expected)
    {
        var folder = Copy("format2-full");
        File.Delete(folder.ResultFile);
        File.WriteAllText(folder.MetricsFile, metrics);
        foreach (string page in new[] { Page((folder, "run")), Page((folder, "run"), (folder, "other")) })
        {
            Assert.DoesNotContain("NaN", Markup().Match(page).Value, StringComparison.Ordinal);
            Assert.DoesNotContain("Infinity", page, StringComparison.Ordinal);
            Curves(page);
        }

        Assert.Contains(expected, Page((folder, "run")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_stays_small_however_long_the_run()
    {
        var folder = Copy("format2-full");
        var random = new Random(3);
        using (var metrics = new StreamWriter(folder.MetricsFile))
        {
            for (int i = 1; i <= 30_000; i++)
            {
                metrics.WriteLine(FormattableString.Invariant(
                    $"{{\"step\":{i},\"loss\":{random.NextDouble()},\"projected_gradient\":{random.NextDouble() - 0.5},")
                    + FormattableString.Invariant($"\"learning_rate\":{1e-6 / i},\"forward_passes\":{2 * i},\"tokens\":{100 * i}}}"));
                if (i % 10 == 0)
                {
                    metrics.WriteLine(FormattableString.Invariant(
                        $"{{\"step\":{i},\"dev_loss\":{random.NextDouble()},\"dev_accuracy\":0.5}}"));
                }
            }
        }

        string page = Page((folder, "long"));
        Assert.InRange(page.Length, 100_000, 1_500_000);
        foreach (var curve in Curves(page).Where(c => c.Field is not null))
        {
            var logged = Logged(folder, curve.Field!, "step");
            Assert.InRange(curve.Points.Length, 500, 2050);
            Assert.Empty(curve.Points.Except(logged));
            Assert.Equal((logged[0], logged[^1]), (curve.Points[0], curve.Points[^1]));
        }

        string all = Page([.. Enumerable.Range(0, 17).Select(i => (folder, $"run {i}"))]);
        Assert.InRange(all.Length, 1_000_000, 8_000_000);
    }

    [Fact]
    public void The_page_needs_nothing_from_elsewhere()
    {
        string page = Page((new RunFolder(TestData.Path("kept-runs", "format2-full")), "run"));
        Assert.DoesNotMatch("(?i)(src|href|action)\\s*=\\s*(?>[\"']?)(?!data:|#)", page);
        Assert.DoesNotContain("http:", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https:", page, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", page, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_result_of_earlier_steps_is_not_that_of_a_resumed_run()
    {
        var folder = Copy("format2-full");
        File.AppendAllText(folder.MetricsFile, "{\"step\":21,\"loss\":0.7}\n");
        Assert.Contains("Step 21 of 20 so far.", Page((folder, "run")), StringComparison.Ordinal);
    }

    private static string Page(params (RunFolder, string)[] runs) => HtmlReport.Of(RunReport.Of(RunReport.Read(runs)));

    // Value by value what the lines say, in the form that a parser of JSON gives them.
    private static (double, double)[] Logged(RunFolder folder, string field, string xField)
    {
        var points = new List<(double, double)>();
        double passes = 0;
        foreach (string line in File.ReadLines(folder.MetricsFile))
        {
            using var json = JsonDocument.Parse(line);
            passes = json.RootElement.TryGetProperty("forward_passes", out var sum) ? sum.GetDouble() : passes;
            if (json.RootElement.TryGetProperty(field, out var value))
            {
                double x = xField == "step" ? json.RootElement.GetProperty("step").GetDouble() : passes;
                points.Add((x, value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble()));
            }
        }

        return [.. points];
    }

    private static (string Name, string? Field, int Style, (double X, double Y)[] Points)[] Curves(string page)
    {
        using var data = JsonDocument.Parse(Data().Match(page).Groups[1].Value);
        return [.. data.RootElement.GetProperty("charts").EnumerateArray().SelectMany(c => c.GetProperty("curves").EnumerateArray()).Select(
            c => (c.GetProperty("name").GetString()!, c.GetProperty("field").GetString(), c.GetProperty("style").GetInt32(),
                Numbers(c.GetProperty("x")).Zip(Numbers(c.GetProperty("y"))).ToArray()))];
    }

    private static double[] Numbers(JsonElement array) =>
        [.. array.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Null ? double.NaN : v.GetDouble())];

    private RunFolder Copy(string name)
    {
        foreach (string file in Directory.GetFiles(TestData.Path("kept-runs", name)))
        {
            File.Copy(file, _temp[Path.GetFileName(file)]);
        }

        return new RunFolder(_temp.Path);
    }

    [GeneratedRegex("<script type=\"application/json\" id=\"report-data\">(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Data();

    [GeneratedRegex("<main>.*</main>", RegexOptions.Singleline)]
    private static partial Regex Markup();

    [GeneratedRegex("</script")]
    private static partial Regex ScriptEnd();
}
