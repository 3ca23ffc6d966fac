using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>How runs end, and what can be done with their folders.</summary>
public sealed class RunResultTests
{
    private const string Template =
        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

    [Fact]
    public void A_run_that_is_ruined_keeps_its_start_and_says_so()
    {
        using var temp = new TempFolder();
        string[] ruin =
        [
            "train", "--steps", "12", "--lr", "1", "--eval-every", "4", "--dev-size", "16", "--test-size", "16", "--threads", "1", "--run",
        ];
        var outcome = Ilzo.Run([.. ruin, temp["run"]]);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("ended after step 4 because the loss diverged", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("the initial weights are kept", outcome.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("(best, saved)", outcome.Errors, StringComparison.Ordinal);
        Assert.Matches(@"selected step +0 of 4", outcome.Output);
        Assert.Equal(0, Ilzo.Run([.. ruin, temp["allowed"], "--allow-worse"]).ExitCode);
        using var result = JsonDocument.Parse(File.ReadAllText(temp["run", "result.json"]));
        Assert.True(result.RootElement.GetProperty("ended_worse").GetBoolean());
        Assert.Equal("divergence", result.RootElement.GetProperty("stopped").GetString());
    }

    [Fact]
    public void Eval_measures_just_the_rows_of_a_run()
    {
        using var temp = new TempFolder();
        var trained = TinyRun.Train(temp["run"], 20);
        var test = Ilzo.Run("eval", "--run", temp["run"], "--json").Json;
        Assert.Equal(trained.GetProperty("test_loss").GetDouble(), test.GetProperty("loss").GetDouble());
        var dev = Ilzo.Run("eval", "--run", temp["run"], "--split", "dev", "--json").Json;
        Assert.Equal(trained.GetProperty("dev_loss").GetDouble(), dev.GetProperty("loss").GetDouble());
        Assert.Contains("--test-size", Ilzo.Run("eval", "--run", temp["run"], "--test-size", "3").Refusal(2), StringComparison.Ordinal);
        Assert.Contains("--split", Ilzo.Run("eval", "--split", "dev").Refusal(2), StringComparison.Ordinal);
        Assert.Contains("train", Ilzo.Run("eval", "--run", temp["run"], "--split", "train").Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_on_own_rows_is_measured_on_the_rows_that_it_did_not_train_on()
    {
        using var temp = new TempFolder();
        File.WriteAllLines(
            temp["rows.jsonl"], Enumerable.Range(0, 40).Select(i => $$"""{"prompt": "number {{i}}\n", "completion": "is {{i + 1}}"}"""));
        var trained = Ilzo.Run(
            "train", "--model", TestData.Stories, "--data", temp["rows.jsonl"], "--steps", "2", "--run", temp["run"], "--json",
            "--allow-worse").Json;
        var measured = Ilzo.Run("eval", "--run", temp["run"], "--json").Json;
        Assert.Equal(trained.GetProperty("test_examples").GetInt32(), measured.GetProperty("examples").GetInt32());
        Assert.Equal(trained.GetProperty("test_loss").GetDouble(), measured.GetProperty("loss").GetDouble());
        File.AppendAllText(temp["rows.jsonl"], """{"prompt": "one", "completion": "more"}""" + "\n");
        Assert.Contains("other examples", Ilzo.Run("eval", "--run", temp["run"]).Refusal(2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("--adapter", "lora", "--rank", "2")]
    public void A_run_stands_for_its_result_and_keeps_the_template_that_trained_it(params string[] adapter)
    {
        using var temp = new TempFolder();
        File.WriteAllText(temp["t.jinja"], Template);
        File.WriteAllLines(temp["chats.jsonl"], Enumerable.Range(0, 12).Select(i =>
            $$"""{"messages": [{"role": "user", "content": "say {{i}}"}, {"role": "assistant", "content": "{{i}}"}]}"""));
        string[] train = ["train", "--model", TestData.Stories, "--data", temp[
            "chats.jsonl"], "--chat-template", temp["t.jinja"], "--steps", "2", "--allow-worse"];
        Ilzo.Run([.. train, "--run", temp["run"], .. adapter]).Success.ToString();
        string[] chat = ["generate", "--chat", "say 3", "--max-new-tokens", "4", "--json", "--echo", "--model", temp["run"]];
        var answer = Ilzo.Run(chat).Json;
        Assert.Equal("<|user|>say 3\n<|assistant|>", answer.GetProperty("prompt").GetString());
        Assert.Equal(answer.GetRawText(), Ilzo.Run([.. chat, "--chat-template", temp["t.jinja"]]).Json.GetRawText());
        string trained = temp["run", adapter.Length > 0 ? "adapter" : "checkpoint"];
        Assert.Equal(Template, File.ReadAllText(Path.Combine(trained, "chat_template.jinja")));
        Ilzo.Run("export", "--run", temp["run"], "--out", temp["out"]).Success.ToString();
        Assert.Equal(Template, File.ReadAllText(temp["out", "chat_template.jinja"]));

        // What comes next begins where the run ended.
        var more =
            Ilzo.Run("train", "--model", temp["run"], "--data", temp["chats.jsonl"], "--steps", "0", "--run", temp["more"], "--json").Json;
        var first = JsonDocument.Parse(File.ReadAllText(temp["run", "result.json"])).RootElement;
        Assert.Equal(first.GetProperty("test_loss").GetDouble(), more.GetProperty("test_loss").GetDouble());
    }

    [Fact]
    public void A_checkpoint_that_is_not_what_the_run_saved_is_refused_everywhere()
    {
        using var temp = new TempFolder();
        TinyRun.Train(temp["run"], 2);
        string weights = temp["run", "checkpoint", "model.safetensors"];
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        string[][] commands =
        [
            ["train", "--run", temp["run"], "--resume", "--steps", "4"], ["export", "--run", temp["run"], "--out", temp["out"]],
            ["eval", "--run", temp["run"]], ["score", "--model", temp["run"], "--text", "x"], ["generate", "--model", temp["run"]],
        ];
        Assert.All(commands, command => Assert.Contains("SHA-256", Ilzo.Run(command).Errors.Split('\n')[^2], StringComparison.Ordinal));
        Assert.All(commands, command => Assert.Equal(2, Ilzo.Run(command).ExitCode));
        Assert.Equal(bytes, File.ReadAllBytes(weights));
        Assert.False(Directory.Exists(temp["out"]));
    }

    [Fact]
    public void Seconds_are_those_of_the_whole_run()
    {
        using var temp = new TempFolder();
        double first = TinyRun.Train(temp["run"], 5).GetProperty("seconds").GetDouble();
        double whole = TinyRun.Train(temp["run"], 6, "--resume").GetProperty("seconds").GetDouble();
        Assert.True(whole > first, $"{whole} after {first}");

        // A process that is killed in its first second leaves an empty file.
        File.WriteAllText(temp["run", "clock.json"], string.Empty);
        TinyRun.Train(temp["run"], 6, "--resume");
        File.WriteAllText(temp["run", "clock.json"], "{\"seconds\": \"x\"}");
        Assert.Contains("clock.json", Ilzo.Run("train", "--resume", "--run", temp["run"]).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_is_not_used_on_another_base_than_its_own()
    {
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        TinyRun.Train(temp["run"], 2, "--model", model, "--adapter", "lora", "--rank", "2");
        string weights = Path.Combine(model, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^3] ^= 1;
        File.WriteAllBytes(weights, bytes);
        string[][] commands =
            [["eval", "--run", temp["run"]], ["score", "--model", temp["run"], "--text", "x"], ["replay", "--run", temp["run"]]];
        Assert.All(
            commands,
            command => Assert.Contains("other weights than when the run started", Ilzo.Run(command).Refusal(2), StringComparison.Ordinal));
    }

    [Fact]
    public void A_base_model_that_was_moved_is_found_by_its_new_place()
    {
        using var temp = new TempFolder();
        temp.Copy(TestData.Stories, "model");
        string sha = TinyRun.Sha(TinyRun.Train(temp["run"], 3, "--model", temp["model"]));
        Directory.Move(temp["model"], temp["moved"]);
        Ilzo.Run("replay", "--run", temp["run"]).Refusal(2);
        Assert.Equal(sha, TinyRun.Sha(Ilzo.Run("replay", "--run", temp["run"], "--model", temp["moved"], "--json").Json));
        TinyRun.Train(temp["run"], 4, "--model", temp["moved"], "--resume");
        Ilzo.Run("replay", "--run", temp["run"]).Success.ToString();
    }
}
