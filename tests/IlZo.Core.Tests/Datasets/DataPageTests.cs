using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Core.Tests.Tokenization;
using IlZo.Datasets;
using IlZo.Files;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;
using Xunit;

namespace IlZo.Core.Tests.Datasets;

/// <summary>docs/data.md says of every column, field and file what happens with it; the program does that.</summary>
public sealed class DataPageTests : IDisposable
{
    private const string Template =
        "{%- for t in tools or [] %}{{- t.function.name }}{%- endfor %}{{- tone or '' }}{%- for m in messages %}{{- '[' + m.role + ']' + "
            + "m.content + (m.tool_calls or []) | join + '[end]' }}{%- endfor %}"
        + "{%- if add_generation_prompt %}{{- '[assistant]' }}{%- endif %}";

    private static readonly string[] s_page = File.ReadAllLines(TestData.Path("..", "..", "docs", "data.md"));

    // A row of each kind, and values that a column or field of it may have.
    private static readonly Dictionary<string, string> s_rows = new()
    {
        ["conversations"] = """{"messages": [{"role": "user", "content": "Good?"}, {"role": "assistant", "content": "Yes"}]}""",
        ["turns"] = """{"messages": [{"role": "user", "content": "Good?"}, {"role": "assistant", "content": "Yes"}, {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "No"}]}""",
        ["prompts"] = """{"prompt": "Good?", "completion": " Yes"}""",
        ["instructions"] = """{"instruction": "Say yes.", "output": "Yes"}""",
        ["questions"] = """{"question": "Good?", "answer": "Yes"}""",
        ["texts"] = """{"text": "A good film."}""",
    };

    private static readonly Dictionary<string, string> s_values = new()
    {
        ["tools"] = """[{"function": {"name": "f"}}]""",
        ["chat_template_kwargs"] = """{"tone": "low"}""",
        ["images"] = """["a.png"]""",
        ["role"] = "\"system\"",
        ["from"] = "\"system\"",
        ["weight"] = "0",
        ["train"] = "false",
        ["training"] = "false",
        ["train_detail"] = """[{"begin_offset": 0, "end_offset": 1, "train": false}]""",
        ["tool_calls"] = """["f(x)"]""",
        ["history"] = """[["Hi", "Good day."]]""",
        ["label"] = "true",
    };

    private readonly TempFolder _temp = new();
    private readonly ITokenizer _tokenizer = TokenizerLoader.Load(TestTokenizers.Reviews);

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string, string, string> Table()
    {
        var rows = new TheoryData<string, string, string>();
        foreach (string[] cells in Rows("| rows | column or field | what happens |"))
        {
            rows.Add(cells[0], cells[1].Trim('`'), cells[2]);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void Every_column_and_field_meets_what_the_page_says(string kind, string name, string happens)
    {
        var plain = Load(s_rows[kind]);
        JsonNode value = JsonNode.Parse(s_values.GetValueOrDefault(name, "\"Something else.\""))!;
        var row = JsonNode.Parse(s_rows[kind])!.AsObject();
        Place(row, kind, name, value);
        if (happens.StartsWith("refused", StringComparison.Ordinal))
        {
            Assert.Contains(
                $"\"{name}\"", Assert.Throws<InvalidInputException>(() => Load(row.ToJsonString())).Message, StringComparison.Ordinal);
            return;
        }

        var changed = Load(row.ToJsonString());
        bool same = Tokens(plain).SequenceEqual(Tokens(changed));
        if (happens.StartsWith("used: ", StringComparison.Ordinal))
        {
            Assert.False(same);
            Assert.Empty(changed.Notes);
        }
        else
        {
            Assert.StartsWith("named as unused", happens, StringComparison.Ordinal);
            Assert.True(same);
            Assert.Contains(
                $"{(kind == "turns" ? "messages[]." : string.Empty)}{name} (1 of 1 rows)",
                Assert.Single(changed.Notes),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_page_has_all_columns_that_are_read_or_refused()
    {
        string page = string.Join('\n', s_page);
        Assert.All(RowForms.Columns.Concat(RowForms.RefusedColumns), c => Assert.Contains($"`{c}`", page, StringComparison.Ordinal));
    }

    [Fact]
    public void The_page_has_all_endings_of_files()
    {
        string[] endings = [.. Rows("| ending | what it holds |").SelectMany(cells => cells[0].Split(", ")).Select(e => e.Trim('`'))];
        Assert.Equal(
            RowSource.Extensions.Append(TextFile.TextExtension).Order(StringComparer.Ordinal), endings.Order(StringComparer.Ordinal));
    }

    // A field of turns is put into the last of them.
    private static void Place(JsonObject row, string kind, string name, JsonNode value)
    {
        if (kind != "turns")
        {
            row[name] = value;
            return;
        }

        bool first = name is "role" or "from";
        var turn = row["messages"]![first ? 0 : 3]!.AsObject();
        if (name == "from")
        {
            turn.Remove("role");
        }

        if (name == "value")
        {
            turn.Remove("content");
        }

        turn[name] = value;
    }

    private UserData Load(string row)
    {
        File.WriteAllText(_temp["rows.jsonl"], row);
        return UserData.LoadTest(
            new UserDataOptions(_temp["rows.jsonl"], 512, 512, 0), _tokenizer, () => ChatTemplate.Parse("template", Template));
    }

    private static IEnumerable<int> Tokens(UserData data) =>
        data.Test.SelectMany(e => (int[])[.. e.CorrectCandidate.Tokens, .. e.CorrectCandidate.Option]);

    private static IEnumerable<string[]> Rows(string header) => s_page
        .SkipWhile(line => line != header).Skip(2).TakeWhile(line => line.StartsWith('|'))
        .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray());
}
