using System.Text.Json;
using System.Xml.Linq;

namespace IlZo.Cli.Tests;

public sealed partial class CompareTests
{
    private const int ForwardPasses = 20;

    [Fact]
    public void Methods_end_at_equal_forward_passes_and_the_files_agree()
    {
        using var temp = new TempFolder();
        var result = Compare(temp["out"], "mezo,kerzoo", "--threads", "1").Json;
        using var file = JsonDocument.Parse(File.ReadAllText(temp["out", "compare.json"]));
        Assert.Equal(Numbers(result), Numbers(file.RootElement));
        Assert.Equal(["mezo", "kerzoo"], result.GetProperty("methods").EnumerateArray().Select(m => m.GetProperty("name").GetString()));
        Assert.False(result.GetProperty("interrupted").GetBoolean());
        foreach (var (method, forwardsOfStep) in result.GetProperty("methods").EnumerateArray().Zip((int[])[2, 6]))
        {
            var runs = method.GetProperty("runs").EnumerateArray().ToArray();
            Assert.Equal(
                [(1e-4, 0), (1e-4, 1), (1e-3, 0), (1e-3, 1)],
                runs.Select(r => (r.GetProperty("learning_rate").GetDouble(), r.GetProperty("seed").GetInt32())));
            foreach (var run in runs)
            {
                int passes = run.GetProperty("forward_passes").GetInt32();
                Assert.InRange(passes, ForwardPasses, ForwardPasses + forwardsOfStep - 1);
                Assert.Equal(passes, run.GetProperty("steps").GetInt32() * forwardsOfStep);
                var points = run.GetProperty("points").EnumerateArray().ToArray();
                Assert.Equal(0, points[0].GetProperty("step").GetInt32());
                Assert.Equal(passes, points[^1].GetProperty("forward_passes").GetInt32());
                Assert.Equal(
                    points[^1].GetProperty("dev_loss").GetDouble() > points[0].GetProperty("dev_loss").GetDouble(),
                    run.GetProperty("diverged").GetBoolean());
            }

            var means = runs.GroupBy(r => r.GetProperty("learning_rate").GetDouble()).ToDictionary(g => g.Key, g => g.Average(LastDevLoss));
            Assert.Equal(means.MinBy(m => m.Value).Key, method.GetProperty("best_learning_rate").GetDouble());
        }

        string table = File.ReadAllText(temp["out", "table.md"]);
        Assert.Contains("\n| mezo | ", table, StringComparison.Ordinal);
        Assert.Contains("\n| kerzoo | ", table, StringComparison.Ordinal);
        var svg = XDocument.Load(temp["out", "curves.svg"]);
        Assert.Equal("svg", svg.Root!.Name.LocalName);
        Assert.Equal(2, svg.Descendants().Count(e => e.Name.LocalName == "polyline"));
    }

    [Fact]
    public void Neither_threads_nor_jobs_change_a_number()
    {
        using var temp = new TempFolder();
        var one = Compare(temp["one"], "mezo-adam,dizo", "--threads", "1").Json;
        var two = Compare(temp["two"], "mezo-adam,dizo", "--threads", "2").Json;
        var jobs = Compare(temp["jobs"], "mezo-adam,dizo", "--threads", "2", "--jobs", "2").Json;
        Assert.Equal(Numbers(one), Numbers(two));
        Assert.Equal(Numbers(one), Numbers(jobs));
        Assert.Equal(File.ReadAllText(temp["one", "curves.svg"]), File.ReadAllText(temp["two", "curves.svg"]));
    }

    [Fact]
    public void Harm_is_shown_as_divergence()
    {
        using var temp = new TempFolder();
        var outcome = Compare(temp["out"], "mezo", "--lrs", "0.003", "--seeds", "1");
        Assert.True(outcome.Json.GetProperty("methods")[0].GetProperty("diverged").GetBoolean());
        Assert.Contains(", diverged", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("1 of 1 diverged", File.ReadAllText(temp["out", "table.md"]), StringComparison.Ordinal);
        Assert.Contains("mezo (diverged)", XDocument.Load(temp["out", "curves.svg"]).Root!.Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--optimizers", "mezo,nobody", "There is no optimizer 'nobody'")]
    [InlineData("--optimizers", "mezo,mezo", "--optimizers names a method twice")]
    [InlineData("--lrs", "1e-4,much", "--lrs has 'much'")]
    [InlineData("--lrs", "-1e-4", "A learning rate is -0.0001")]
    [InlineData("--lrs", ",", "--lrs is empty")]
    [InlineData("--seeds", "0", "--seeds is 0")]
    [InlineData("--forward-passes", "0", "--forward-passes is 0")]
    [InlineData("--dev-size", "0", "--dev-size is 0")]
    [InlineData("--optimizers", "mezo:queries", "--optimizers has 'mezo:queries'")]
    [InlineData("--optimizers", "mezo:queries=many", "--optimizers has queries=many")]
    [InlineData("--optimizers", "mezo:source=true", "--opt: mezo has no option 'source'")]
    [InlineData("--epsilons", "1e-3,1e-3", "--epsilons has a radius twice")]
    [InlineData("--epsilons", "-1", "--eps is -1")]
    [InlineData("--points", "0", "--points is 0")]
    [InlineData("--target", "NaN", "--target is NaN")]
    [InlineData("--rates", "0", "--rates is 0")]
    [InlineData("--jobs", "0", "--jobs is 0")]
    [InlineData("--first-seed", "-1", "--first-seed is -1")]
    [InlineData("--optimizers", "mezo:queries=3:queries=4", "--optimizers has 'mezo:queries=3:queries=4', with a setting twice")]
    [InlineData("--best-of", "nowhere", "nowhere: found no compare.json")]
    public void What_cannot_be_compared_is_refused(string flag, string value, string message)
    {
        string refusal = Ilzo.Run("compare", flag, value).Refusal(2);
        Assert.StartsWith(message, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sphere", 250, "sphere, 250 dimensions")]
    [InlineData("rosenbrock", 3, "rosenbrock, 3 dimensions")]
    public void Methods_are_compared_on_functions_without_a_model(string function, int dimension, string name)
    {
        using var temp = new TempFolder();
        var result = Ilzo.Run(
            "compare", "--function", function, "--dimension", $"{dimension}", "--forward-passes", "240", "--seeds", "2", "--out",
            temp["out"], "--json").Json;
        Assert.Equal(function, result.GetProperty("settings").GetProperty("function").GetString());
        Assert.False(result.GetProperty("settings").TryGetProperty("task", out _));
        foreach (var run in result.GetProperty("methods").EnumerateArray().SelectMany(m => m.GetProperty("runs").EnumerateArray()))
        {
            var points = run.GetProperty("points").EnumerateArray().ToArray();
            Assert.InRange(points[^1].GetProperty("forward_passes").GetInt32(), 240, 260);
            Assert.Equal(JsonValueKind.Null, points[0].GetProperty("test_accuracy").ValueKind);
        }

        var mezo = result.GetProperty("methods")[0];
        Assert.False(mezo.GetProperty("diverged").GetBoolean());
        Assert.Contains("| evaluations | value |", File.ReadAllText(temp["out", "table.md"]), StringComparison.Ordinal);
        Assert.Contains(name, XDocument.Load(temp["out", "curves.svg"]).Root!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_leaves_the_saddle_is_shown_at_the_floor()
    {
        using var temp = new TempFolder();
        var result = Ilzo.Run(
            "compare", "--function", "saddle", "--optimizers", "mezo", "--lrs", "1e-3", "--forward-passes", "6000", "--out", temp["out"],
            "--json").Json;
        foreach (var run in result.GetProperty("methods")[0].GetProperty("runs").EnumerateArray())
        {
            Assert.Equal(-10, LastDevLoss(run));
            Assert.False(run.GetProperty("diverged").GetBoolean());
        }
    }

    [Fact]
    public void A_function_takes_the_rate_of_a_file_and_says_what_it_does_not_take()
    {
        using var temp = new TempFolder();
        string config = temp.Write("c.json", "{\"lr\": 1e-3, \"batch_size\": 4, \"eps\": 1e-2}");
        var outcome = Ilzo.Run(
            "compare", "--function", "sphere", "--dimension", "10", "--config", config, "--optimizers", "mezo", "--seeds", "1",
            "--forward-passes", "4", "--out", temp["out"], "--json");
        Assert.Contains("note: batch-size of ", outcome.Errors, StringComparison.Ordinal);
        var runs = outcome.Json.GetProperty("methods")[0].GetProperty("runs").EnumerateArray().ToArray();
        Assert.Equal([3.3e-4, 1e-3, 3e-3], runs.Select(r => r.GetProperty("learning_rate").GetDouble()));
        Assert.All(runs, r => Assert.Equal(1e-2, r.GetProperty("epsilon").GetDouble()));
    }

    [Theory]
    [InlineData("There is no function 'cube'", "--function", "cube")]
    [InlineData("--dimension is 3; 2 was expected for saddle", "--function", "saddle", "--dimension", "3")]
    [InlineData("--dimension is 1; 2 to 1000000 was expected for sphere", "--function", "sphere", "--dimension", "1")]
    [InlineData("--task says what a function does not have", "--function", "sphere", "--task", "sst2")]
    [InlineData(
        "--device is cuda:0 with --function; functions are computed on the CPU, and cpu was expected.",
        "--function",
        "sphere",
        "--device",
        "cuda:0")]
    [InlineData("--dimension was expected only with --function", "--dimension", "10")]
    public void What_is_no_function_is_refused(string message, params string[] flags) =>
        Assert.StartsWith(message, Ilzo.Run(["compare", .. flags]).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void A_methods_middle_rate_is_its_default()
    {
        using var temp = new TempFolder();
        var result = Ilzo.Run(
            "compare", "--optimizers", "mezo,fzoo", "--seeds", "1", "--forward-passes", "1", "--batch-size", "1", "--train-size", "1",
            "--dev-size", "1",
            "--test-size", "1", "--out", temp["out"], "--json").Json;
        double[] rates = [.. result.GetProperty("methods").EnumerateArray().Select(
            m => m.GetProperty("runs")[1].GetProperty("learning_rate").GetDouble())];
        Assert.Equal([5e-5, 5e-7], rates);
        Assert.Equal(5e-5, result.GetProperty("settings").GetProperty("lr").GetDouble());
    }

    [Fact]
    public void Variants_and_radii_are_compared_over_the_same_seeds()
    {
        using var temp = new TempFolder();
        var result = Ilzo.Run(
            "compare", "--function", "sphere", "--dimension", "50", "--optimizers", "mezo,mezo:queries=4,kerzoo:source=true", "--epsilons",
            "1e-3,1e-2", "--seeds", "3", "--forward-passes", "200", "--points", "5", "--target", "20", "--out", temp["out"], "--json").Json;
        var methods = result.GetProperty("methods").EnumerateArray().ToArray();
        Assert.Equal(["mezo", "mezo:queries=4", "kerzoo:source=true"], methods.Select(m => m.GetProperty("name").GetString()));
        Assert.All(methods, m => Assert.Equal(2 * 3 * 3, m.GetProperty("runs").GetArrayLength()));
        Assert.All(methods[1].GetProperty("runs").EnumerateArray(), r => Assert.Equal(25, r.GetProperty("steps").GetInt32()));
        Assert.All(methods[0].GetProperty("runs").EnumerateArray(), r => Assert.Equal(6, r.GetProperty("points").GetArrayLength()));
        double[][] last = [.. methods[..2].Select(m => (double[])[.. BestRuns(m).Select(LastDevLoss)])];
        var difference = result.GetProperty("differences").GetProperty("mezo:queries=4").GetProperty("dev_loss");
        Assert.Equal(3, difference.GetProperty("pairs").GetInt32());
        Assert.Equal(last[1].Zip(last[0], (a, b) => a - b).Average(), difference.GetProperty("mean").GetDouble(), 1e-9);
        Assert.InRange(difference.GetProperty("mean").GetDouble(), Number("low"), Number("high"));
        Assert.Equal(1 + (3 * 18 * 6), File.ReadAllLines(temp["out", "points.csv"]).Length);

        double Number(string name) => difference.GetProperty(name).GetDouble();

        static IEnumerable<JsonElement> BestRuns(JsonElement method) => method.GetProperty("runs").EnumerateArray().Where(
            r => r.GetProperty("learning_rate").GetDouble() == method.GetProperty("best_learning_rate").GetDouble()
                && r.GetProperty("epsilon").GetDouble() == method.GetProperty("best_epsilon").GetDouble());
    }

    [Fact]
    public void Rates_lie_around_the_default_a_factor_of_the_root_of_ten_apart()
    {
        using var temp = new TempFolder();
        Assert.Equal([1e-5, 3.2e-5, 1e-4, 3.2e-4, 1e-3], Rates("5"));
        Assert.Equal([5.6e-5, 1.8e-4], Rates("2"));

        double[] Rates(string count) => [.. Ilzo.Run(
            "compare", "--function", "sphere", "--dimension", "10", "--optimizers", "mezo", "--lr", "1e-4", "--rates", count, "--seeds",
            "1", "--forward-passes", "4", "--out", temp[count], "--json")
            .Json.GetProperty("methods")[0].GetProperty("runs").EnumerateArray()
            .Select(r => r.GetProperty("learning_rate").GetDouble())];
    }

    [Fact]
    public void Test_examples_can_be_left_to_the_ends()
    {
        using var temp = new TempFolder();
        var often = Compare(temp["often"], "mezo", "--seeds", "1", "--points", "4").Json;
        var seldom = Compare(temp["seldom"], "mezo", "--seeds", "1", "--points", "4", "--test-at-end").Json;
        foreach (var (all, ends) in Points(often).Zip(Points(seldom)))
        {
            bool isEnd = ends.GetProperty("step").GetInt32() is 0 or ForwardPasses / 2;
            Assert.Equal(isEnd ? JsonValueKind.Number : JsonValueKind.Null, ends.GetProperty("test_loss").ValueKind);
            Assert.Equal(all.GetProperty("dev_loss").GetDouble(), ends.GetProperty("dev_loss").GetDouble());
        }

        Assert.Contains("test accuracy, %", File.ReadAllText(temp["seldom", "table.md"]), StringComparison.Ordinal);

        static IEnumerable<JsonElement> Points(JsonElement result) => result.GetProperty("methods")[0].GetProperty("runs").EnumerateArray()
            .SelectMany(r => r.GetProperty("points").EnumerateArray());
    }

    [Fact]
    public void A_grid_is_widened_until_its_ends_do_not_win()
    {
        using var temp = new TempFolder();
        var result = Ilzo.Run(
            "compare", "--function", "sphere", "--dimension", "100", "--optimizers", "mezo", "--lrs", "1e-5,3e-5", "--seeds", "1",
            "--forward-passes", "400", "--widen", "--out", temp["out"], "--json").Json;
        var mezo = result.GetProperty("methods")[0];
        double[] rates = [.. mezo.GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("learning_rate").GetDouble())];
        Assert.Equal([1e-5, 3e-5, 9e-5, 2.7e-4, 8.1e-4, 2.4e-3], rates);
        Assert.Equal(1, mezo.GetProperty("edge").GetInt32());
    }

    [Theory]
    [InlineData("--eps is 0.01; none was expected, because no method", "--optimizers", "forward-gradient", "--eps", "1e-2")]
    [InlineData("--eps is 0.01; none was expected, because no method", "--optimizers", "forward-gradient", "--epsilons", "1e-2,1e-1")]
    [InlineData("--widen is given with one learning rate", "--lrs", "1e-5", "--widen")]
    [InlineData("--test-at-end is given with --function", "--function", "sphere", "--test-at-end")]
    [InlineData("--weight-memory says what a function does not have", "--function", "sphere", "--weight-memory", "0")]
    [InlineData("--overcommit says what a function does not have", "--function", "sphere", "--overcommit")]
    [InlineData("--patience is 3; none with --dev-size 0 was expected", "--patience", "3", "--dev-size", "0")]
    public void What_would_have_no_effect_is_refused(string message, params string[] options)
    {
        string verb = options.Contains("--patience") ? "train" : "compare";
        Assert.StartsWith(message, Ilzo.Run([verb, .. options]).Refusal(2), StringComparison.Ordinal);
    }

    // Each run goes to its last forward pass.
    [Theory]
    [InlineData("--patience")]
    [InlineData("--stop-on-divergence")]
    [InlineData("--eval-every")]
    public void What_ends_a_run_early_is_no_option(string option)
    {
        var outcome = Ilzo.Run("compare", option, "5");
        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith($"ilzo: '{option}' is not an option of 'ilzo compare'.", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_settings_of_a_run_are_compared_without_its_method()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 1, "--optimizer", "fzoo", "--lr", "1e-6");
        var outcome = Ilzo.Run(
            "compare", "--config", temp["run", "config.json"], "--optimizers", "mezo,loren", "--seeds", "1", "--forward-passes", "2",
            "--out", temp["out"], "--json");
        Assert.Contains("optimizer, steps, lr, queries, sides, directions", outcome.Errors, StringComparison.Ordinal);
        var settings = outcome.Json.GetProperty("settings");
        Assert.Equal(8, settings.GetProperty("dev_size").GetInt32());
        Assert.Equal(1e-6, settings.GetProperty("lr").GetDouble());
        Assert.Equal(2, outcome.Json.GetProperty("methods").GetArrayLength());
    }

    [Fact]
    public void No_message_stands_inside_the_table()
    {
        using var temp = new TempFolder();
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            "/bin/sh", ["-c", $"{Ilzo.ShellCommand} compare --function rosenbrock --forward-passes 60 --seeds 1 --lrs 1e-6 --out "
                + $"'{temp["out"]}' 2>&1"])
        {
            RedirectStandardOutput = true,
        })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        string table = File.ReadAllText(temp["out", "table.md"]);
        Assert.EndsWith(
            $"\n{table}{temp["out"]}: compare.json, table.md, curves.svg, report.html, points.csv\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_outside_published_settings_is_warned_of()
    {
        using var temp = new TempFolder();
        string outside = Ilzo.Run(TinyRun.Command(1, "--run", temp["outside"], "--lr", "1e-3")).Errors;
        Assert.Contains("warning: lr is 0.001; published for mezo: 1E-07 to 1E-05", outside, StringComparison.Ordinal);
        string inside = Ilzo.Run(TinyRun.Command(1, "--run", temp["inside"], "--lr", "1e-6")).Errors;
        Assert.DoesNotContain("warning", inside, StringComparison.Ordinal);
    }

    [Fact]
    public void Published_settings_are_listed()
    {
        Assert.Contains(
            "OPT 2.7B to 66B: lr 1E-07, 1E-06; eps 0.001", Ilzo.Run("ls", "optimizers", "--verbose").Success, StringComparison.Ordinal);
        foreach (var method in Ilzo.Run("ls", "optimizers", "--verbose", "--json").Json.GetProperty("optimizers").EnumerateArray())
        {
            Assert.All(method.GetProperty("published").EnumerateArray(), p => Assert.NotEqual("", p.GetProperty("source").GetString()));
        }
    }

    private static Outcome Compare(string folder, string optimizers, params string[] more)
    {
        string[][] usual =
        [
            ["--model", TestData.Stories], ["--task", "sst2"], ["--seeds", "2"], ["--forward-passes", $"{ForwardPasses}"],
            ["--lrs", "1e-4,1e-3"],
            ["--batch-size", "2"], ["--train-size", "16"], ["--dev-size", "4"], ["--test-size", "4"],
        ];
        return Ilzo.Run(
        [
            "compare", "--optimizers", optimizers, "--out", folder, "--json",
            .. usual.Where(flag => !more.Contains(flag[0])).SelectMany(flag => flag), .. more,
        ]);
    }

    private static double LastDevLoss(JsonElement run) =>
        run.GetProperty("points").EnumerateArray().Last().GetProperty("dev_loss").GetDouble();

    // All but time and memory, with numbers as they are written.
    private static string[] Numbers(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object =>
            [.. value.EnumerateObject().Where(p => p.Name is not ("seconds" or "peak_resident_bytes"))
                .SelectMany(p => Numbers(p.Value).Select(n => $"{p.Name}.{n}"))],
        JsonValueKind.Array => [.. value.EnumerateArray().SelectMany(Numbers)],
        _ => [value.GetRawText()],
    };
}
