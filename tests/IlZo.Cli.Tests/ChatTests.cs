using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>A conversation through pipes: a line is a message, and standard output has the answers.</summary>
public sealed class ChatTests : IDisposable
{
    // Of a model with 512 positions that was made for stories.
    private const string Template = "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }} {% else %}{{ m.content }} "
        + "{% endif %}{% endfor %}";

    private readonly TempFolder _temp = new();

    public ChatTests() => _temp.Write("plain.jinja", Template);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void An_answer_depends_on_the_conversation_and_not_on_how_it_came_about()
    {
        string[] sampling = ["--temperature", "1.1", "--top-k", "40", "--top-p", "0.95", "--repetition-penalty", "1.1", "--seed", "3"];
        string[] answers = Chat("Once upon a time\nLily went out\nThe end of\n", sampling).Success.Split('\n')[..^1];
        Assert.Equal(3, answers.Length);

        // Without the first, in which nothing was kept; after another conversation; and with a message that was taken back.
        string last = Chat(
            "One day\n/reset\nOnce upon a time\nLily went out\nThe dog\n/undo\nThe end of\n", sampling).Success.Split('\n')[^2];
        Assert.Equal(answers[2], last);
        var again = Chat("Once upon a time\nLily went out\nThe end of\n", [.. sampling, "--threads", "1"]);
        Assert.Equal(answers, again.Success.Split('\n')[..^1]);
        string other = Chat("Once upon a time\n", [.. sampling[..^1], "4"]).Success.TrimEnd('\n');
        Assert.NotEqual(answers[0], other);

        // What the first answer was made of, as one text.
        var generated = Ilzo.Run(
            ["generate", "--model", TestData.Stories, "--chat", "Once upon a time", "--chat-template", _temp["plain.jinja"],
                "--max-new-tokens", "12", .. sampling]);
        Assert.Equal(answers[0], generated.Success);
    }

    [Fact]
    public void The_system_prompt_goes_before_all_messages()
    {
        string told = Chat("was a dog\n", "--system", "Once there").Success;
        Assert.Equal(told, Chat("/system Once there\nwas a dog\n").Success);
        Assert.Equal(told, Chat("Once there was a dog\n").Success);
        Assert.NotEqual(told, Chat("was a dog\n").Success);
        Assert.Equal(Chat("was a dog\n").Success, Chat("/system\nwas a dog\n", "--system", "Once there").Success);
    }

    [Fact]
    public void An_answer_ends_before_a_string_which_is_not_printed()
    {
        string whole = Chat("Once upon a time\n").Success;
        string stop = whole[7..12];
        var stopped = Chat("Once upon a time\n", "--stop", "no such text", "--stop", stop);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)] + "\n", stopped.Success);
        Assert.DoesNotContain("--max-new-tokens", stopped.Errors, StringComparison.Ordinal);
        Assert.Contains("The answer ended at --max-new-tokens 12.\n", Chat("Once upon a time\n").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_oldest_messages_are_left_out_with_a_notice_when_the_model_is_full()
    {
        string messages = string.Concat(Enumerable.Range(0, 12).Select(i => $"{string.Concat(Enumerable.Repeat("dog ", 40))}{i}\n"));
        var outcome = Chat(messages, "--stop", "\n");
        Assert.Equal(12, outcome.Success.Count(c => c == '\n'));
        Assert.Contains(
            "no longer fits the model's 512 tokens: the model is not shown its oldest ", outcome.Errors, StringComparison.Ordinal);
        string longest = string.Concat(Enumerable.Repeat("dog ", 600));
        Assert.Contains("The message has ", Refused(Chat($"{longest}\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_conversation_is_saved_as_data_and_never_over_another_file()
    {
        string file = _temp["c.jsonl"];
        var outcome = Chat($"/system Be brief.\n/save {file}\n//Once\n/save {file}\n/exit\nNo\n");
        string answer = outcome.Success.TrimEnd('\n');
        using var saved = JsonDocument.Parse(File.ReadAllText(file));
        var messages = saved.RootElement.GetProperty("messages").EnumerateArray()
            .Select(m => (m.GetProperty("role").GetString(), m.GetProperty("content").GetString()));
        Assert.Equal([("system", "Be brief."), ("user", "/Once"), ("assistant", answer)], messages);
        Assert.Contains("which exists; a new file was expected", Refused(Chat($"/save {file}\n")), StringComparison.Ordinal);
        Assert.Contains("/save FILE was expected", Refused(Chat("/save\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void Commands_say_what_they_did_and_unknown_ones_are_refused_by_name()
    {
        var outcome = Chat("/help\n/undo\n/reset\n\n");
        Assert.Equal(string.Empty, outcome.Success);
        Assert.Contains("/save FILE ", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("There is no message to take back.\nAll messages are forgotten.\n", outcome.Errors, StringComparison.Ordinal);
        Assert.StartsWith("'/quit' is not a command; ", Refused(Chat("/quit\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_used_of_the_models_own_settings_is_shown_once()
    {
        string model = _temp.Copy(TestData.Stories, "model");
        File.WriteAllText(
            Path.Combine(model, "generation_config.json"),
            """{"eos_token_id": 2, "do_sample": true, "temperature": 1.4, "top_k": 12, "max_new_tokens": 9}""");
        string[] chat = ["chat", "--model", model, "--chat-template", _temp["plain.jinja"]];
        var own = Run("Once upon a time\nand\n", chat);
        Assert.Single(own.Errors.Split('\n'), line => line.Contains(
            "temperature 1.4, top-k 12, top-p 1 (generation_config.json), seed 0, answers of up to 9 tokens", StringComparison.Ordinal));
        Assert.Equal(
            own.Success,
            Run("Once upon a time\nand\n", [.. chat, "--temperature", "1.4", "--top-k", "12", "--max-new-tokens", "9"]).Success);
        Assert.Contains(
            "the most probable tokens, answers", Run("Once\n", [.. chat, "--temperature", "0"]).Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--temperature", "NaN")]
    [InlineData("--top-k", "-1")]
    [InlineData("--top-p", "0")]
    [InlineData("--repetition-penalty", "0")]
    [InlineData("--max-new-tokens", "-1")]
    [InlineData("--stop", "")]
    public void Values_out_of_range_are_refused_by_name(string flag, string value) =>
        Assert.StartsWith($"{flag} is ", Chat("Once\n", flag, value).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void A_model_without_a_template_or_a_next_token_is_refused()
    {
        Assert.Contains(
            "has no chat template; chat_template.jinja, chat_template in tokenizer_config.json or --chat-template was expected",
            Run("Hello\n", "chat", "--model", TestData.Stories).Refusal(2),
            StringComparison.Ordinal);
    }

    // The last line, after that of what is used.
    private static string Refused(Outcome outcome)
    {
        Assert.Equal((2, string.Empty), (outcome.ExitCode, outcome.Output));
        string[] lines = outcome.Errors.Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("ilzo: ", lines[1], StringComparison.Ordinal);
        return lines[1]["ilzo: ".Length..];
    }

    private Outcome Chat(string input, params string[] options) => Run(
        input,
        ["chat", "--model", TestData.Stories, "--chat-template", _temp["plain.jinja"],
            .. options.Contains("--max-new-tokens") ? [] : (string[])["--max-new-tokens", "12"], .. options]);

    private static Outcome Run(string input, params string[] arguments) => Ilzo.RunWithInput(input, arguments);
}
