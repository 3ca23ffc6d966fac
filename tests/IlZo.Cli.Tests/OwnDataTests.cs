using System.Text.Json;
using System.Text.RegularExpressions;

namespace IlZo.Cli.Tests;

/// <summary>Training on rows and texts of one's own: the files of the documentation, and what goes wrong.</summary>
public sealed partial class OwnDataTests : IDisposable
{
    private static readonly string[] s_brief =
        ["--steps", "2", "--batch-size", "2", "--dev-size", "1", "--test-size", "1", "--json", "--allow-worse"];

    private readonly TempFolder _temp = new();

    public OwnDataTests()
    {
        string page = File.ReadAllText(TestData.PathOf("..", "..", "docs", "data.md")).ReplaceLineEndings("\n");
        foreach (Match example in Example().Matches(page))
        {
            _temp.Write(example.Groups["name"].Value, example.Groups["content"].Value);
        }
    }

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("faq.jsonl")]
    [InlineData("questions.csv")]
    [InlineData("instructions.jsonl")]
    [InlineData("chats.jsonl", "--chat-template", "chatml.jinja")]
    [InlineData("notes.jsonl")]
    [InlineData("story.txt", "--max-length", "24")]
    public void The_files_of_the_documentation_can_be_trained_on(string file, params string[] more)
    {
        var outcome = Ilzo.RunIn(_temp.Path, ["train", "--data", file, .. s_brief, .. more]);
        var result = outcome.Json;
        Assert.Equal(JsonValueKind.Null, result.GetProperty("test_accuracy").ValueKind);
        Assert.Equal(
            Math.Exp(result.GetProperty("test_loss").GetDouble()),
            result.GetProperty("test_perplexity").GetDouble(),
            1e-6 * result.GetProperty("test_perplexity").GetDouble());
        Assert.True(double.IsFinite(result.GetProperty("zero_shot_perplexity").GetDouble()));
        Assert.Matches(@"step 2: dev perplexity [\d.]+, dev loss", outcome.Errors);
        Assert.Equal(1, Ilzo.RunIn(
            _temp.Path, ["eval", "--data", file, "--test-size", "1", "--json", .. more]).Json.GetProperty("examples").GetInt32());
    }

    [Fact]
    public void The_first_example_of_the_README_works()
    {
        string readme = File.ReadAllText(TestData.PathOf("..", "..", "README.md")).ReplaceLineEndings("\n");
        string section = readme[readme.IndexOf("## Train on your own data", StringComparison.Ordinal)..];
        _temp.Write("faq.jsonl", section.Split("```jsonl\n")[1].Split("```")[0]);
        string[] command = section.Split("```\nilzo ")[1].Split('\n')[0].Split(' ');
        var outcome = Ilzo.RunIn(_temp.Path, command);
        Assert.Matches(@"perplexity before +[\d.]+\nperplexity after +[\d.]+\n", outcome.Success);
        Assert.Contains("examples: 1 train, 1 dev, 1 test", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains($"{_temp["runs", "builtin-faq-mezo-seed0"]}", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_on_a_completion_lowers_its_perplexity()
    {
        _temp.Write("same.jsonl", string.Concat(Enumerable.Repeat("{\"prompt\": \"The film was\", \"completion\": \" a zebra\"}\n", 12)));
        var result =
            Ilzo.RunIn(_temp.Path, "train", "--data", "same.jsonl", "--steps", "60", "--batch-size", "4", "--lr", "1e-4", "--json").Json;
        Assert.InRange(result.GetProperty("test_perplexity").GetDouble(), 1, 0.5 * result.GetProperty("zero_shot_perplexity").GetDouble());
    }

    [Fact]
    public void An_interrupted_run_goes_on_with_the_same_rows()
    {
        Train("run", "2");
        var longer = Ilzo.RunIn(_temp.Path, "train", "--run", "run", "--resume", "--steps", "4", "--json").Json;
        var whole = Train("whole", "4");
        Assert.Equal(TinyRun.Sha(whole), TinyRun.Sha(longer));
        Assert.Equal(0, longer.GetProperty("skipped_rows").GetInt32());

        JsonElement Train(string run, string steps) => Ilzo.RunIn(
            _temp.Path,
            ["train", "--data", "faq.jsonl", "--run", run, "--skip-bad-rows", "--train-on-prompt", .. s_brief[2..], "--steps", steps]).Json;
    }

    [Fact]
    public void Bad_rows_are_counted_where_they_may_be_left_out()
    {
        File.AppendAllText(_temp["faq.jsonl"], "not json\n{\"prompt\": \"a\"}\n");
        string[] train = ["train", "--data", "faq.jsonl", "--run", "run", .. s_brief];
        Assert.Contains("faq.jsonl:6: is not valid JSON", Ilzo.RunIn(_temp.Path, train).Refusal(2), StringComparison.Ordinal);
        var outcome = Ilzo.RunIn(_temp.Path, [.. train, "--skip-bad-rows"]);
        Assert.Equal(2, outcome.Json.GetProperty("skipped_rows").GetInt32());
        Assert.Contains("skipped rows: 2; the first: ", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal(
            2,
            Ilzo.RunIn(_temp.Path, "eval", "--data", "faq.jsonl", "--skip-bad-rows", "--json").Json.GetProperty("skipped_rows").GetInt32());
    }

    [Fact]
    public void Conversations_without_a_template_are_refused()
    {
        string message = Ilzo.RunIn(_temp.Path, "train", "--data", "chats.jsonl").Refusal(2);
        Assert.Contains("'builtin' has no chat template", message, StringComparison.Ordinal);
        _temp.Write("odd.jinja", "{% for m in messages %}\n{{ m.content | wrap(3) }}{% endfor %}");
        message = Ilzo.RunIn(_temp.Path, "train", "--data", "chats.jsonl", "--chat-template", "odd.jinja").Refusal(2);
        Assert.Contains(
            "odd.jinja, line 2, column 16 of the chat template: the filter 'wrap' is not supported; trim, tojson",
            message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--task data", "without --data")]
    [InlineData("--skip-bad-rows", "are for rows of --data without --task")]
    [InlineData("--data faq.jsonl --task sst2", "no such folder")]
    [InlineData("--data faq.jsonl --objective accuracy", "answers to choose from")]
    [InlineData("--data faq.jsonl --shots 2", "answers to choose from")]
    [InlineData("--data none.jsonl", "none.jsonl: no such file or folder")]
    public void Commands_that_do_not_fit_together_are_refused(string command, string expected) =>
        Assert.Contains(expected, Ilzo.RunIn(_temp.Path, ["train", .. command.Split(' ')]).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void Methods_are_compared_by_perplexity()
    {
        File.AppendAllText(_temp["faq.jsonl"], "not json\n");
        var outcome = Ilzo.RunIn(
            _temp.Path,
            "compare", "--data", "faq.jsonl", "--skip-bad-rows", "--optimizers", "mezo", "--seeds", "1", "--forward-passes", "4", "--lrs",
            "1e-5", "--batch-size", "2");
        Assert.Contains("| test perplexity |", outcome.Success, StringComparison.Ordinal);
        Assert.Contains("\nskipped rows: 1\n", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_with_a_template_answers_a_message()
    {
        string model = _temp.Copy(TestData.Stories, "model");
        File.Copy(_temp["chatml.jinja"], _temp["model", "chat_template.jinja"]);
        var result = Ilzo.Run("generate", "--model", model, "--chat", "Hi", "--max-new-tokens", "3", "--echo", "--json").Json;
        Assert.Equal("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", result.GetProperty("prompt").GetString());
        Assert.Equal(3, result.GetProperty("ids").GetArrayLength());
        Assert.Contains("has no chat template", Ilzo.Run("generate", "--chat", "Hi").Refusal(2), StringComparison.Ordinal);
        Assert.Contains("--chat and --prompt", Ilzo.Run("generate", "--chat", "Hi", "--prompt", "x").Refusal(2), StringComparison.Ordinal);
    }

    // A file's name in backquotes, and the next block of code.
    [GeneratedRegex(@"`(?<name>\w+\.(jsonl|csv|txt|jinja))`[^`]*(`[^`\n]+`[^`]*)?\n```\w+\n(?<content>(?:(?!```)[^\n]*\n)*)```")]
    private static partial Regex Example();
}
