namespace IlZo.Cli.Tests;

/// <summary>The options that say how rows of one's own are read: columns, turns and special tokens.</summary>
public sealed class RowOptionTests : IDisposable
{
    private static readonly string[] s_columns = ["--columns", "prompt=Question,completion=Answer"];
    private static readonly string[] s_brief =
        ["--steps", "1", "--batch-size", "2", "--dev-size", "1", "--test-size", "1", "--json", "--allow-worse"];

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Columns_of_other_names_give_the_same_numbers()
    {
        _temp.Write("faq.csv", "prompt,completion\nIs it open?, Yes\nIs it far?, No\nMay I?, Do\n");
        _temp.Write("named.csv", "Question,Answer\nIs it open?, Yes\nIs it far?, No\nMay I?, Do\n");
        Assert.Equal(
            Ilzo.RunIn(_temp.Path, ["train", "--data", "faq.csv", .. s_brief]).Json.GetProperty("test_loss").GetDouble(),
            Ilzo.RunIn(_temp.Path, ["train", "--data", "named.csv", .. s_columns, .. s_brief]).Json.GetProperty("test_loss").GetDouble());
        Assert.Equal(
            Ilzo.RunIn(_temp.Path, "eval", "--data", "faq.csv", "--json").Json.GetProperty("loss").GetDouble(),
            Ilzo.RunIn(_temp.Path, ["eval", "--data", "named.csv", .. s_columns, "--json"]).Json.GetProperty("loss").GetDouble());
        _temp.Write("reviews.jsonl", "{\"review\": \"A good film\"}\n");
        Assert.Equal(
            Ilzo.Run("score", "--text", "A good film").Success.Split('\n')[1..],
            Ilzo.RunIn(_temp.Path, "score", "--input", "reviews.jsonl", "--columns", "text=review").Success.Split('\n')[1..]);
    }

    [Theory]
    [InlineData("train")]
    [InlineData("eval")]
    public void A_column_that_no_row_has_is_refused(string command)
    {
        _temp.Write("named.csv", "Question,Answer\nIs it open?, Yes\n");
        string message = Ilzo.RunIn(
            _temp.Path, command, "--data", "named.csv", "--columns", "prompt=Question,completion=Answer,system=Sytem").Refusal(2);
        Assert.Contains("named.csv has a column \"Sytem\"", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_conversations_that_a_template_rewrites_all_turns_or_the_last_are_learned()
    {
        // As Qwen3's: only turns behind the last message of the user begin with a block for thoughts.
        _temp.Write(
            "thinking.jinja",
            """
            {%- set ns = namespace(last=-1) %}{%- for m in messages %}{%- if m.role == 'user' %}{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}
            {%- for m in messages %}{{- '[' + m.role + ']' }}{%- if m.role == 'assistant' and loop.index0 > ns.last %}{{- '<think></think>' }}{%- endif %}{{- m.content + '[end]' }}{%- endfor %}
            {%- if add_generation_prompt %}{{- '[assistant]' }}{%- endif %}
            """);
        _temp.Write("chats.jsonl", """{"messages": [{"role": "user", "content": "Good?"}, {"role": "assistant", "content": "Yes"}, {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "No"}]}""");
        string[] eval = ["eval", "--data", "chats.jsonl", "--chat-template", "thinking.jinja", "--json"];
        var all = Ilzo.RunIn(_temp.Path, eval);
        Assert.Equal(2, all.Json.GetProperty("examples").GetInt32());
        Assert.Contains("1 conversations became 2 examples", all.Errors, StringComparison.Ordinal);
        var last = Ilzo.RunIn(_temp.Path, [.. eval, "--mask-history"]);
        Assert.Equal(1, last.Json.GetProperty("examples").GetInt32());
        Assert.DoesNotContain("became", last.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Special_tokens_in_texts_are_tokens_or_letters_and_counted()
    {
        _temp.Write("notes.jsonl", "{\"text\": \"One</s>two</s>\"}\n{\"text\": \"Three\"}\n");
        var tokens = Ilzo.RunIn(_temp.Path, "eval", "--data", "notes.jsonl", "--json");
        var letters = Ilzo.RunIn(_temp.Path, "eval", "--data", "notes.jsonl", "--split-special-tokens", "--json");
        Assert.Contains(
            "special tokens: 2 written in the texts of 1 rows were taken for the tokens they are", tokens.Errors, StringComparison.Ordinal);
        Assert.Contains(
            "special tokens: 2 written in the texts of 1 rows were taken for letters, as --split-special-tokens says",
            letters.Errors,
            StringComparison.Ordinal);
        Assert.True(Math.Abs(tokens.Json.GetProperty("loss").GetDouble() - letters.Json.GetProperty("loss").GetDouble()) > 1e-3);
    }

    [Fact]
    public void Special_tokens_of_a_template_cannot_be_letters()
    {
        string model = _temp.Copy(TestData.Stories, "model");
        _temp.Write(Path.Combine("model", "chat_template.jinja"), "{% for m in messages %}{{ m.content }}{% endfor %}");
        Assert.Contains(
            "--split-special-tokens is given with --chat",
            Ilzo.Run("generate", "--model", model, "--chat", "Hi", "--split-special-tokens").Refusal(2),
            StringComparison.Ordinal);
    }
}
