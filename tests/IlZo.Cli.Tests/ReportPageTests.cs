using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace IlZo.Cli.Tests;

/// <summary>Reports as a browser shows them; where there is no Chromium, these tests are skipped by name.</summary>
public sealed partial class ReportPageTests : IDisposable
{
    private const int Runs = 17;

    // A phone and a desk.
    private static readonly int[] s_widths = [390, 1280];

    // Tries what a reader does, and tells the page around what came of it.
    private const string Reader = """
        <script>
        const said = {room: window.innerWidth, width: document.documentElement.scrollWidth};
        const visible = () => [...document.querySelectorAll('.plot')].filter(p => p.offsetParent !== null);
        const button = document.querySelector('.key button');
        button.click();
        said.pressed = button.getAttribute('aria-pressed');
        said.highlighted = visible().filter(p => p.querySelector('g.on')).length;
        button.click();
        said.stillHighlighted = document.querySelectorAll('figure.chosen,g.on').length;
        const before = visible();
        said.plots = before.length;
        document.querySelector('label').click();
        said.exchanged = visible().filter(p => !before.includes(p)).length;
        const svg = visible()[0].querySelector('svg');
        const box = svg.getBoundingClientRect();
        svg.dispatchEvent(new PointerEvent('pointermove', {clientX: box.right - 1, clientY: box.top + 9}));
        said.tip = svg.parentElement.querySelector('.tip').innerText;
        svg.dispatchEvent(new PointerEvent('pointerleave', {}));
        said.tips = document.querySelectorAll('.tip').length;
        said.dom = document.documentElement.outerHTML;
        parent.postMessage(JSON.stringify(said), '*');
        </script>
        """;

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Seventeen_runs_are_all_drawn_without_an_error_and_fit_a_phone_and_a_desk()
    {
        string[] names = [.. Enumerable.Range(1, Runs - 1).Select(i => $"run-{i}"), "<img src=x onerror=alert(1)>"];
        string[] runs = [.. names.Select(name => _temp.Copy(TestData.PathOf("kept-runs", "format2-full"), name))];
        Assert.Equal(0, Ilzo.Run(["report", .. runs, "--out", _temp["page.html"]]).ExitCode);
        foreach (var said in Show(_temp["page.html"]))
        {
            string dom = said.GetProperty("dom").GetString()!;
            Assert.Equal(
                ["dev-loss", "loss", "dev-accuracy", "projected-gradient", "learning-rate"],
                Figure().Matches(dom).Select(m => m.Groups[1].Value));
            string[] plots = [.. Plot().Matches(dom).Select(m => m.Value)];
            Assert.All(plots, plot => Assert.Equal(
                Enumerable.Range(0, Runs).Reverse(), Style().Matches(plot).Select(m => int.Parse(m.Groups[1].Value, null))));
            Assert.Contains("&lt;img src=x onerror=alert(1)&gt;", dom, StringComparison.Ordinal);
            Assert.DoesNotContain("<img", dom, StringComparison.Ordinal);

            // The common legend highlights in all charts.
            Assert.Equal(5, said.GetProperty("highlighted").GetInt32());
            Assert.Matches("(?s)^forward passes 40\n.*run-16\\s+1\\.3781\n", said.GetProperty("tip").GetString());
        }
    }

    [Fact]
    public void A_single_run_is_drawn_without_an_error_and_fits_a_phone_and_a_desk()
    {
        string run = _temp.Copy(TestData.PathOf("kept-runs", "format2-full"), "run");
        Assert.Equal(0, Ilzo.Run("report", run).ExitCode);
        foreach (var said in Show(_temp["run", "report.html"]))
        {
            Assert.Equal(
                ["loss", "dev-accuracy", "projected-gradient", "learning-rate"],
                Figure().Matches(said.GetProperty("dom").GetString()!).Select(m => m.Groups[1].Value));
            Assert.Equal(1, said.GetProperty("highlighted").GetInt32());
            Assert.Matches("(?s)^step 20\n.*dev\\s+1\\.3781\n.*training\\s+0\\.13012$", said.GetProperty("tip").GetString());
        }
    }

    // What the reader says of a page at each width.
    private List<JsonElement> Show(string page)
    {
        string? browser = Browser();
        Assert.SkipWhen(browser is null, "There is no chromium or google-chrome.");
        _temp.Write("read.html", File.ReadAllText(page).Replace("</body>", $"{Reader}</body>", StringComparison.Ordinal));
        string frames = string.Concat(s_widths.Select(
            w => $"<iframe src=\"read.html\" width=\"{w}\" height=\"900\" frameborder=\"0\"></iframe>"));
        string around = _temp.Write("around.html", $$"""
            <!DOCTYPE html><meta charset="utf-8"><body><script>
            addEventListener('message', e => {
              document.body.append(Object.assign(document.createElement('pre'), {textContent: e.data}));
            });
            </script>{{frames}}
            """);
        var outcome = Ilzo.Run(new ProcessStartInfo(browser!,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            $"--user-data-dir={_temp["profile"]}",
            "--window-size=1400,2000", "--virtual-time-budget=10000", "--enable-logging=stderr", "--dump-dom",
            new Uri(around).AbsoluteUri,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        Assert.DoesNotContain("CONSOLE", outcome.Errors, StringComparison.Ordinal);
        List<JsonElement> all = [.. Message().Matches(outcome.Success).Select(
            m => JsonDocument.Parse(WebUtility.HtmlDecode(m.Groups[1].Value)).RootElement).OrderBy(s => s.GetProperty("room").GetInt32())];
        Assert.Equal(s_widths, all.Select(s => s.GetProperty("room").GetInt32()));
        Assert.All(all, said =>
        {
            Assert.InRange(said.GetProperty("width").GetInt32(), 1, said.GetProperty("room").GetInt32());
            Assert.Equal("true", said.GetProperty("pressed").GetString());
            Assert.Equal(0, said.GetProperty("stillHighlighted").GetInt32());
            Assert.Equal(1, said.GetProperty("exchanged").GetInt32());
            Assert.Equal(0, said.GetProperty("tips").GetInt32());
            Assert.Equal(Figure().Count(said.GetProperty("dom").GetString()!), said.GetProperty("plots").GetInt32());
        });
        return all;
    }

    private static string? Browser() =>
        (from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
         from name in (string[])["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
         let path = Path.Combine(folder, name)
         where File.Exists(path)
         select path).FirstOrDefault();

    [GeneratedRegex("<figure [^>]*id=\"([^\"]*)\"")]
    private static partial Regex Figure();

    [GeneratedRegex("<div class=\"plot .*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Plot();

    [GeneratedRegex("<g class=\"[^\"]*\" data-s=\"(\\d+)\"")]
    private static partial Regex Style();

    [GeneratedRegex("<pre>(.*?)</pre>", RegexOptions.Singleline)]
    private static partial Regex Message();
}
