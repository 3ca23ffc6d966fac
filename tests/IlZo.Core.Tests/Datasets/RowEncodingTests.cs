using IlZo.Core.Tests.Tokenization;
using IlZo.Datasets;
using IlZo.Tasks;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;
using Xunit;

namespace IlZo.Core.Tests.Datasets;

/// <summary>Which tokens rows become and which of them are learned.</summary>
public sealed class RowEncodingTests : IDisposable
{
    private readonly TempFolder _temp = new();

    // BOS and EOS are both </s>.
    private readonly ITokenizer _tokenizer = TokenizerLoader.Load(TestTokenizers.Reviews);

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("""{"prompt": "The film was", "completion": " very good."}""", "</s>The film was", " very good.</s>")]
    [InlineData("""{"prompt": "", "completion": "Good.", "id": 7}""", "</s>", "Good.</s>")]
    [InlineData("""{"question": "Good?", "answer": "Yes"}""", "</s>Question: Good?\nAnswer:", " Yes</s>")]
    [InlineData(
        """{"instruction": "Say yes.", "output": "Yes", "input": ""}""",
        "</s>Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### "
            + "Instruction:\nSay yes.\n\n### Response:",
        "Yes</s>")]
    [InlineData(
        """{"instruction": "Translate.", "input": "ja", "output": "Yes"}""",
        "</s>Below is an instruction that describes a task, paired with an input that provides further context. Write a response that "
            + "appropriately "
        + "completes the request.\n\n### Instruction:\nTranslate.\n\n### Input:\nja\n\n### Response:",
        "Yes</s>")]
    [InlineData("""{"text": "A good film."}""", "</s>", "A good film.</s>")]
    public void The_completion_and_the_end_are_learned(string row, string prompt, string learned)
    {
        var candidate = Single(row);
        Assert.Equal(prompt, Decode(candidate.Tokens[..^candidate.OptionLength]));
        Assert.Equal(learned, Decode(candidate.Option));
    }

    [Fact]
    public void The_whole_row_is_learned_on_demand()
    {
        var candidate = Single("""{"prompt": "The film was", "completion": " good."}""", o => o with { TrainOnPrompt = true });
        Assert.Equal("The film was good.</s>", Decode(candidate.Option));
    }

    [Theory]
    [InlineData("messages", "role", "content", "user", "assistant")]
    [InlineData("conversations", "from", "value", "human", "gpt")]
    public void All_turns_of_the_assistant_are_learned_and_nothing_else(
        string column, string role, string content, string user, string assistant)
    {
        string row = $$"""{"{{column}}": [{{Turn(user, "Good?")}}, {{Turn(assistant, "Yes")}}, {{Turn(user, "Really?")}}, {{Turn(assistant, "No, sorry")}}, {{Turn(user, "Oh.")}}]}""";
        var candidate = Single(row, template: "chatml");
        Assert.Equal(
            "</s><|im_start|>user\nGood?<|im_end|>\n<|im_start|>assistant\nYes<|im_end|>\n"
            + "<|im_start|>user\nReally?<|im_end|>\n<|im_start|>assistant\nNo, sorry<|im_end|>\n",
            Decode(candidate.Tokens));
        Assert.Equal("Yes<|im_end|>\nNo, sorry<|im_end|>\n", Decode(candidate.Option));
        Assert.Equal(candidate.Tokens.Length - 1, candidate.PlaceOf(candidate.OptionLength - 1));

        string Turn(string who, string what) => $$"""{"{{role}}": "{{who}}", "{{content}}": "{{what}}"}""";
    }

    [Theory]
    [InlineData("llama-2-chat", " Yes </s> No </s>")]
    [InlineData("mistral-instruct", "Yes</s>No</s>")]
    [InlineData("zephyr", "Yes</s>\nNo</s>\n")]
    [InlineData("gemma", "Yes<end_of_turn>\nNo<end_of_turn>\n")]
    [InlineData("llama-3-instruct", "Yes<|eot_id|>No<|eot_id|>")]
    public void The_turns_are_found_with_every_published_template(string template, string learned)
    {
        const string Row = """{"messages": [{"role": "user", "content": "Good?"}, {"role": "assistant", "content": "Yes"}, {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "No"}]}""";
        Assert.Equal(learned, Decode(Single(Row, template: template).Option));
    }

    [Fact]
    public void A_template_may_mark_the_turns_itself()
    {
        File.WriteAllText(
            _temp["marking.jinja"],
            "{% for m in messages %}{{ m.role }}: {% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else "
                + "%}{{ m.content }}{% endif %}{{ '\\n' }}{% endfor %}({{ messages | length }})");
        const string Row = """{"messages": [{"role": "user", "content": "Good?"}, {"role": "assistant", "content": "Yes"}]}""";
        var candidate = Single(Row, template: _temp["marking"]);
        Assert.Equal("</s>user: Good?\nassistant: Yes", Decode(candidate.Tokens));
        Assert.Equal(" Yes", Decode(candidate.Option));
    }

    [Fact]
    public void A_prompt_that_is_too_long_loses_its_beginning_and_keeps_its_BOS()
    {
        string row = """{"prompt": "one two three four five six seven eight", "completion": " nine"}""";
        var whole = Single(row);
        var (data, cut) = Load(row, o => o with { MaxLength = 6 });
        Assert.Equal([whole.Tokens[0], .. whole.Tokens[^5..]], cut.Tokens);
        Assert.Equal(" nine</s>", Decode(cut.Option));
        Assert.True(data.Test[0].Truncated);
    }

    [Fact]
    public void A_long_conversation_keeps_the_turns_that_are_left()
    {
        const string Row = """{"messages": [{"role": "user", "content": "Good?"}, {"role": "assistant", "content": "Yes"}, {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "No"}]}""";
        var whole = Single(Row, template: "mistral-instruct");
        int last = whole.Tokens.Length - whole.PlaceOf(0);
        var cut = Load(Row, o => o with { MaxLength = last }, "mistral-instruct").Candidate;
        Assert.Equal(last, cut.Tokens.Length);
        Assert.Equal(whole.Option[1..].ToArray(), cut.Option.ToArray());
    }

    [Fact]
    public void A_text_is_cut_into_windows_that_lose_nothing()
    {
        var data = Load("""{"text": "one two three four five six seven eight nine ten"}""", o => o with { WindowLength = 4 }).Data;
        int[] tokens = _tokenizer.Encode("one two three four five six seven eight nine ten", false);
        Assert.All(data.Test, e => Assert.Equal(e.CorrectCandidate.Tokens.Length - 1, e.CorrectCandidate.OptionLength));
        Assert.Equal([.. tokens, _tokenizer.EosId!.Value], data.Test.SelectMany(e => e.CorrectCandidate.Option.ToArray()));
        Assert.All(data.Test, e => Assert.InRange(e.CorrectCandidate.Tokens.Length, 2, 4));
    }

    [Theory]
    [InlineData("""{"prompt": "a", "completion": ""}""", "\"completion\" is empty")]
    [InlineData("""{"prompt": "a", "completion": " \n"}""", "\"completion\" is empty")]
    [InlineData("""{"prompt": 3, "completion": "b"}""", "\"prompt\" is a number; text was expected")]
    [InlineData("""{"prompt": "a", "completion": null}""", "has the columns \"prompt\"; \"messages\"")]
    [InlineData("""{"prompt": "a", "prompt": "b", "completion": "c"}""", "has \"prompt\" twice")]
    [InlineData("""{"messages": [{"role": "user", "role": "b"}]}""", "has \"role\" twice")]
    [InlineData(
        """{"sentence": "a", "label": 1}""",
        "has the columns \"sentence\", \"label\"; \"messages\", \"conversations\", \"prompt\" with \"completion\"")]
    [InlineData("""{"text": ""}""", "\"text\" is empty")]
    [InlineData("""{"messages": "a"}""", "\"messages\" is a string; a list of messages was expected")]
    [InlineData("""{"messages": ["a"]}""", "\"messages\"[0] is a string")]
    [InlineData("""{"messages": [{"role": "user"}]}""", "\"messages\"[0] has no \"content\"")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}]}""", "the conversation has no turn of the assistant")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "a"}]}""", "begins with the assistant")]
    [InlineData(
        """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": " "}]}""",
        "\"messages\"[1] has an empty \"content\"")]
    [InlineData("""{"conversations": [{"from": "dog", "value": "a"}]}""", "is from \"dog\"; one of human, user")]
    [InlineData("{", "is not valid JSON")]
    public void A_row_that_cannot_be_used_is_refused_with_its_place(string row, string expected)
    {
        var e = Assert.Throws<InvalidInputException>(() => Load(row, template: "chatml"));
        Assert.StartsWith($"{_temp["rows.jsonl"]}:1: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_completion_longer_than_the_limit_is_refused()
    {
        var e = Assert.Throws<InvalidInputException>(
            () => Load("""{"prompt": "a", "completion": " one two three four five"}""", o => o with { MaxLength = 4 }));
        Assert.Contains("at most 3 were expected", e.Message, StringComparison.Ordinal);
    }

    private EncodedCandidate Single(string row, Func<UserDataOptions, UserDataOptions>? change = null, string? template = null) =>
        Load(row, change, template).Candidate;

    private (UserData Data, EncodedCandidate Candidate) Load(
        string row, Func<UserDataOptions, UserDataOptions>? change = null, string? template = null)
    {
        File.WriteAllText(_temp["rows.jsonl"], row);
        var options = new UserDataOptions(_temp["rows.jsonl"], 512, 512, 0);
        var data = UserData.LoadTest(change?.Invoke(options) ?? options, _tokenizer, () => Template(template!));
        return (data, data.Test[0].CorrectCandidate);
    }

    private static ChatTemplate Template(string name)
    {
        string path = Path.IsPathRooted(name) ? $"{name}.jinja" : TestData.Path("chat-templates", $"{name}.jinja");
        return ChatTemplate.Parse(
            name, File.ReadAllText(path), new Dictionary<string, string> { ["bos_token"] = "</s>", ["eos_token"] = "</s>" });
    }

    private string Decode(ReadOnlySpan<int> ids) => _tokenizer.Decode(ids, skipSpecialTokens: false);
}
