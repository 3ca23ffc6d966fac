using IlZo.Core.Tests.Tokenization;
using IlZo.Datasets;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;
using Xunit;

namespace IlZo.Core.Tests.Datasets;

/// <summary>What of conversations is learned, in all the ways in which they are written.</summary>
public sealed class ConversationTests : IDisposable
{
    private const string Plain =
        "{%- for m in messages %}{{- '[' + m.role + ']' + (m.content or '') }}"
        + "{%- for c in m.tool_calls or [] %}{{- c.function.name + '(' + c.function.arguments.x + ')' }}{%- endfor %}"
        + "{{- '[end]' }}{%- endfor %}{%- if add_generation_prompt %}{{- '[assistant]' }}{%- endif %}";

    private const string WithTools = "{%- for t in tools or [] %}{{- '<' + t.function.name + '>' }}{%- endfor %}" + Plain;

    // As Qwen3's: turns behind the last message of the user begin with a block for thoughts, earlier ones do not.
    private const string Rewriting =
        "{%- set ns = namespace(last=-1) %}{%- for m in messages %}{%- if m.role == 'user' %}{%- set ns.last = loop.index0 %}{%- endif "
            + "%}{%- endfor %}"
        + "{%- for m in messages %}{{- '[' + m.role + ']' }}{%- if m.role == 'assistant' and loop.index0 > ns.last %}{{- '<think></think>' "
        + "}}{%- endif %}{{- m.content + '[end]' }}{%- endfor %}"
        + "{%- if add_generation_prompt %}{{- '[assistant]' }}{%- endif %}";

    private const string Marking = "{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}{% generation %}{{ m.content }};{% "
        + "endgeneration %}{% else %}{{ m.content }};{% endif %}{% endfor %}";

    private const string TwoTurns = """{"messages": [{"role": "user", "content": "Good?"}, {"role": "assistant", "content": "Yes"}, {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "No"}]}""";

    private readonly TempFolder _temp = new();
    private readonly ITokenizer _tokenizer = TokenizerLoader.Load(TestTokenizers.Reviews);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_template_that_rewrites_earlier_turns_gives_an_example_for_each_turn_as_of_its_time()
    {
        var data = Load(TwoTurns, Rewriting);
        Assert.Equal(
            [
                ("[user]Good?[end][assistant]", "<think></think>Yes[end]"),
                ("[user]Good?[end][assistant]Yes[end][user]Sure?[end][assistant]", "<think></think>No[end]"),
            ],
            Learned(data));
        Assert.Contains(data.Notes, n => n.StartsWith("turns: ", StringComparison.Ordinal)
            && n.Contains("1 conversations became 2 examples", StringComparison.Ordinal));
    }

    [Fact]
    public void A_template_that_keeps_earlier_turns_gives_one_example()
    {
        var data = Load(TwoTurns, Plain);
        Assert.Equal("Yes[end]No[end]", Option(Assert.Single(data.Test).CorrectCandidate));
        Assert.Empty(data.Notes);
    }

    [Fact]
    public void A_BOS_token_that_the_template_writes_is_not_doubled() =>
        Assert.Equal(Learned(Load(TwoTurns, Plain)), Learned(Load(TwoTurns, "{{ '</s>' }}" + Plain)));

    [Theory]
    [InlineData(Plain, "[user]Good?[end][assistant]Yes[end][user]Sure?[end][assistant]", "No[end]")]
    [InlineData(Rewriting, "[user]Good?[end][assistant]Yes[end][user]Sure?[end][assistant]", "<think></think>No[end]")]
    [InlineData(Marking, "user:Good?;assistant:Yes;user:Sure?;assistant:", "No;")]
    public void Masked_history_leaves_the_last_turn(string template, string prompt, string learned) =>
        Assert.Equal([(prompt, learned)], Learned(Load(TwoTurns, template, o => o with { MaskHistory = true })));

    [Theory]
    [InlineData(Plain, "No[end]")]
    [InlineData(Rewriting, "<think></think>No[end]")]
    [InlineData(Marking, "No;")]
    public void Marks_keep_turns_out(string template, string learned)
    {
        foreach (string mark in (string[])["\"weight\": 0", "\"weight\": 0.0", "\"train\": false", "\"training\": false", "\"train\": 0"])
        {
            string row = TwoTurns.Replace("\"Yes\"", $"\"Yes\", {mark}", StringComparison.Ordinal).Replace(
                "\"No\"", "\"No\", \"weight\": 1", StringComparison.Ordinal);
            var data = Load(row, template);
            Assert.Equal([learned], Learned(data).Select(l => l.Option));
            Assert.DoesNotContain(data.Notes, n => n.Contains("unused", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(
        """{"conversations": [{"from": "human", "value": "Good?"}, {"from": "gpt", "value": "Yes"}], "system": "Be brief."}""",
        "[system]Be brief.[end][user]Good?[end][assistant]",
        "Yes[end]")]
    [InlineData("""{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Good?"}, {"role": "assistant", "content": "Yes"}], "system": "Be brief."}""", "[system]Be brief.[end][user]Good?[end][assistant]", "Yes[end]")]
    [InlineData(
        """{"conversations": [{"role": "user", "content": "Good?"}, {"role": "assistant", "content": "Yes"}]}""",
        "[user]Good?[end][assistant]",
        "Yes[end]")]
    [InlineData(
        """{"messages": [{"from": "human", "value": "Good?"}, {"from": "model", "value": "Yes"}]}""",
        "[user]Good?[end][assistant]",
        "Yes[end]")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "text", "text": "Go"}, {"type": "text", "text": "od?"}]}, {"role": "assistant", "content": [{"type": "text", "text": "Yes"}]}]}""", "[user]Good?[end][assistant]", "Yes[end]")]
    [InlineData(
        """{"prompt": [{"role": "user", "content": "Good?"}], "completion": [{"role": "assistant", "content": "Yes"}]}""",
        "[user]Good?[end][assistant]",
        "Yes[end]")]
    [InlineData("""{"prompt": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}], "completion": [{"role": "assistant", "content": "d"}]}""", "[user]a[end][assistant]b[end][user]c[end][assistant]", "d[end]")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"x": "y"}}}], "weight": null}]}""", "[user]a[end][assistant]", "f(y)[end]")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "weight": 0, "tool_calls": []}, {"role": "assistant", "content": "b"}]}""", "[user]a[end][assistant][end][assistant]", "b[end]")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "", "weight": 0, "tool_calls": []}, {"role": "assistant", "content": "b"}]}""", "[user]a[end][assistant][end][assistant]", "b[end]")]
    [InlineData("""{"conversations": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "{\"name\": \"f\", \"arguments\": {\"x\": \"y\"}}"}, {"from": "observation", "value": "rain"}, {"from": "gpt", "value": "b", "weight": 0}]}""", "[user]a[end][assistant]", "f(y)[end]")]
    public void Every_way_of_writing_a_conversation_is_read(string row, string prompt, string learned) =>
        Assert.Equal([(prompt, learned)], Learned(Load(row, Plain)));

    [Theory]
    [InlineData("""[{"type": "function", "function": {"name": "f"}}]""")]
    [InlineData("""
        "[{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]"
        """)]
    public void Tools_go_through_the_template(string tools)
    {
        const string Row = """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "tools": T}""";
        Assert.Equal(
            [("<f>[user]a[end][assistant]", "b[end]")], Learned(Load(Row.Replace("T", tools, StringComparison.Ordinal), WithTools)));
        Assert.Contains("unused columns: tools (1 of 1 rows)", Load(Row.Replace("T", tools, StringComparison.Ordinal), Plain).Notes);
    }

    [Fact]
    public void Variables_of_the_template_are_set_and_fields_that_it_does_not_read_are_named()
    {
        const string Row = """{"messages": [{"role": "user", "content": "a", "speaker": "Ann"}, {"role": "assistant", "content": "b", "reasoning": "c"}], "chat_template_kwargs": {"tone": "low", "other": 1}, "id": 3}""";
        var data = Load(Row, "{{ tone }}" + Plain);
        Assert.Equal([("low[user]a[end][assistant]", "b[end]")], Learned(data));
        Assert.Equal(["unused columns: id (1 of 1 rows), chat_template_kwargs.other (1 of 1 rows), messages[].speaker (1 of 1 rows), "
            + "messages[].reasoning (1 of 1 rows)"], data.Notes);
    }

    [Theory]
    [InlineData(
        """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0.5}]}""",
        "\"messages\"[1] has a \"weight\" that is 0.5; 0 or 1 was expected")]
    [InlineData(
        """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}]}""",
        "no turn of the assistant that is to be learned")]
    [InlineData(
        """{"messages": [{"role": "user", "content": "a", "train": true}, {"role": "assistant", "content": "b"}]}""",
        "only turns of the assistant are learned")]
    [InlineData(
        """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "train": true, "weight": 0}]}""",
        "contradicts its other marks")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "train_detail": [{"begin_offset": 0, "end_offset": 1, "train": true}]}]}""", "has \"train_detail\"")]
    [InlineData(
        """{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, {"role": "assistant", "content": "b"}]}""",
        "\"messages\"[0] has a content[0] of the type \"image_url\"")]
    [InlineData(
        """{"messages": [{"role": "user", "content": ["x"]}, {"role": "assistant", "content": "b"}]}""",
        "has a content[0] that is a string")]
    [InlineData(
        """{"messages": [{"role": "user", "content": null}, {"role": "assistant", "content": "b"}]}""", "has a \"content\" that is none")]
    [InlineData(
        """{"messages": [{"role": "user", "content": "a", "value": "b"}, {"role": "assistant", "content": "b"}]}""",
        "has both \"content\" and \"value\"")]
    [InlineData("""{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "system": "other"}""", "\"system\" that differs")]
    [InlineData(
        """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "images": ["x.png"]}""",
        "has \"images\"")]
    [InlineData(
        """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "tools": "no json"}""",
        "\"tools\" is text that is not JSON")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "chat_template_kwargs": {"messages": 1}}""", "\"chat_template_kwargs\" has \"messages\"")]
    [InlineData("""{"prompt": [{"role": "user", "content": "a"}], "completion": "b"}""", "\"prompt\" is a list; text was expected")]
    [InlineData("""{"prompt": [{"role": "user", "content": "a"}], "chosen": [{"role": "assistant", "content": "b"}], "rejected": [{"role": "assistant", "content": "c"}]}""", "has \"chosen\", a preferred answer")]
    [InlineData("""{"prompt": "a", "rejected": "c", "completion": "b"}""", "has \"rejected\"")]
    [InlineData("""{"prompt": "a", "completion": "b", "label": false}""", "has a \"label\" that says whether the completion is wanted")]
    [InlineData(
        """{"conversations": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "f(x)"}]}""",
        "is from \"function_call\", and its \"value\" is text that is not JSON")]
    public void What_cannot_be_honoured_is_refused_by_name(string row, string expected)
    {
        var e = Assert.Throws<InvalidInputException>(() => Load(row, Plain));
        Assert.StartsWith($"{_temp["rows.jsonl"]}:1: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_of_tools_that_the_template_does_not_write_is_refused()
    {
        const string Row = """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f"}}]}]}""";
        var e = Assert.Throws<InvalidInputException>(() => Load(Row, Rewriting));
        Assert.Contains(
            "message 2 is a call of tools (\"tool_calls\"), which template does not write", e.Message, StringComparison.Ordinal);
    }

    private UserData Load(string row, string template, Func<UserDataOptions, UserDataOptions>? change = null)
    {
        File.WriteAllText(_temp["rows.jsonl"], row);
        var options = new UserDataOptions(_temp["rows.jsonl"], 512, 512, 0);
        return UserData.LoadTest(change?.Invoke(options) ?? options, _tokenizer, () => ChatTemplate.Parse("template", template));
    }

    // BOS stands in front of whatever the template writes, once.
    private IEnumerable<(string Prompt, string Option)> Learned(UserData data) => data.Test.Select(e => e.CorrectCandidate)
        .Select(c =>
        {
            Assert.Equal(_tokenizer.BosId, c.Tokens[0]);
            return (_tokenizer.Decode(c.Tokens[1..c.PlaceOf(0)], skipSpecialTokens: false), Option(c));
        });

    private string Option(IlZo.Tasks.EncodedCandidate candidate) => _tokenizer.Decode(candidate.Option, skipSpecialTokens: false);
}
