using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>What a model says before and after training.</summary>
public sealed class SampleTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Texts_are_continued_as_the_model_and_the_result_continue_them()
    {
        string data = Rows("""
            {"prompt": "Lily went to", "completion": " the <b>park</b>.\nShe ran."}
            {"prompt": "A dog saw", "completion": " a cat."}
            """);
        Train("--task", "data", "--data", data, "--dev-size", "0", "--test-size", "0", "--lr", "1e-2", "--optimizer", "mezo-momentum");
        var samples = Samples(out var afterStep);
        Assert.Equal(6, afterStep.GetInt64());
        Assert.Equal(2, samples.Length);
        foreach (var sample in samples)
        {
            string prompt = Text(sample, "prompt");
            Assert.Equal(Continue(TestData.Stories, prompt), Text(sample, "before"));
            Assert.Equal(Continue(_temp["run"], prompt), Text(sample, "after"));
            Assert.NotEqual(Text(sample, "before"), Text(sample, "after"));
        }

        Assert.Contains(samples, s => Text(s, "expected") == " the <b>park</b>.\nShe ran.");
        string page = File.ReadAllText(_temp["run/report.html"]);
        Assert.Contains("<h2>Samples</h2>", page, StringComparison.Ordinal);
        Assert.Contains("the &lt;b&gt;park&lt;/b&gt;.\nShe ran.", page, StringComparison.Ordinal);
        Assert.Contains("<dt>after step 6</dt>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_without_a_prompt_are_continued_from_their_beginning()
    {
        string data = Rows("""{"text": "Once upon a time there was a little girl named Lily. She liked to run."}""");
        Train("--task", "data", "--data", data, "--dev-size", "0", "--test-size", "0");
        var sample = Assert.Single(Samples(out _));
        Assert.Equal(
            "Once upon a time there was a little girl named Lily. She liked to run.", Text(sample, "prompt") + Text(sample, "expected"));
        Assert.Equal(Continue(TestData.Stories, Text(sample, "prompt")), Text(sample, "before"));
    }

    [Fact]
    public void Candidates_are_chosen_as_an_evaluation_chooses_them()
    {
        Train("--samples", "8");
        string predictions = _temp["dev.jsonl"];
        Assert.Equal(0, Ilzo.Run(["eval", "--run", _temp["run"], "--split", "dev", "--predictions", predictions]).ExitCode);
        string[] chosen = [.. File.ReadLines(predictions).Select(l => Text(JsonDocument.Parse(l).RootElement, "prediction").Trim())];
        Assert.Equal(8, chosen.Length);
        Assert.Equal(chosen, Samples(out _).Select(s => Text(s, "after")));
    }

    [Fact]
    public void A_run_that_keeps_its_start_says_after_what_it_said_before()
    {
        Train("--lr", "1e-30");
        var samples = Samples(out var afterStep);
        Assert.Equal(0, afterStep.GetInt64());
        Assert.Equal(4, samples.Length);
        Assert.All(samples, s => Assert.Equal(Text(s, "before"), Text(s, "after")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_run_that_goes_on_keeps_what_was_said_before(bool isReadable)
    {
        Train();
        string[] before = [.. Samples(out _).Select(s => Text(s, "before"))];
        if (!isReadable)
        {
            File.WriteAllText(_temp["run/samples.json"], """{"after_step": 6, "samples": [{}]}""");
        }

        Assert.Equal(0, Ilzo.Run(["train", "--run", _temp["run"], "--resume", "--steps", "8", "--allow-worse"]).ExitCode);
        var samples = Samples(out _);
        Assert.Equal(4, samples.Length);
        Assert.Equal(isReadable ? before : new string?[4], samples.Select(s => s.GetProperty("before").GetString()));
        Assert.All(samples, s => Assert.NotEqual(JsonValueKind.Null, s.GetProperty("after").ValueKind));
    }

    [Fact]
    public void Nobody_is_asked_for_no_samples()
    {
        Train("--samples", "0");
        Assert.False(File.Exists(_temp["run/samples.json"]));
        Assert.DoesNotContain("<h2>Samples</h2>", File.ReadAllText(_temp["run/report.html"]), StringComparison.Ordinal);
    }

    private string Rows(string lines)
    {
        File.WriteAllText(_temp["rows.jsonl"], lines);
        return _temp["rows.jsonl"];
    }

    private void Train(params string[] more) =>
        Assert.NotEmpty(Ilzo.Run(TinyRun.Command(6, ["--run", _temp["run"], "--eval-every", "2", .. more])).Success);

    private JsonElement[] Samples(out JsonElement afterStep)
    {
        var json = JsonDocument.Parse(File.ReadAllBytes(_temp["run/samples.json"])).RootElement;
        afterStep = json.GetProperty("after_step");
        return [.. json.GetProperty("samples").EnumerateArray()];
    }

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!;

    // `generate` shows the prompt first. What is cut off at the most tokens of a sample ends in an ellipsis.
    private static string Continue(string model, string prompt)
    {
        var json = Ilzo.Run(
            ["generate", "--model", model, "--prompt", prompt, "--max-new-tokens", "48", "--temperature", "0", "--json"]).Json;
        return Text(json, "text") + (Text(json, "stop") == "max_new_tokens" ? "…" : "");
    }
}
