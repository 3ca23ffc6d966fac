using IlZo.Core.Tests.Tokenization;
using IlZo.Datasets;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Datasets;

/// <summary>Columns that are used, renamed and named as unused, and special tokens in texts.</summary>
public sealed class RowColumnTests : IDisposable
{
    private const string Preamble =
        "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n";

    private readonly TempFolder _temp = new();

    // BOS and EOS are both </s>.
    private readonly ITokenizer _tokenizer = TokenizerLoader.Load(TestTokenizers.Reviews);

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("""{"instruction": "Go.", "output": "Yes", "input": null, "system": null, "history": null}""", Preamble
        + "### Instruction:\nGo.\n\n### Response:Yes</s>", "Yes</s>")]
    [InlineData(
        """{"instruction": "Go.", "output": "Yes", "system": "Be brief."}""",
        "Be brief.\n\n### Instruction:\nGo.\n\n### Response:Yes</s>",
        "Yes</s>")]
    [InlineData("""{"instruction": "Go.", "output": "Yes", "history": []}""", Preamble
        + "### Instruction:\nGo.\n\n### Response:Yes</s>", "Yes</s>")]
    [InlineData(
        """{"instruction": "Go.", "output": "Yes", "history": [["Hi", "Good day."], ["Well?", "No"]]}""",
        Preamble + "### Instruction:\nHi\n\n### Response:Good day.\n\n### Instruction:\nWell?\n\n### Response:No\n\n### "
            + "Instruction:\nGo.\n\n### Response:Yes</s>",
        "Good day.NoYes</s>")]
    public void System_and_history_are_part_of_an_instruction(string row, string text, string learned)
    {
        var candidate = Load(row).Test[0].CorrectCandidate;
        Assert.Equal("</s>" + text, Decode(candidate.Tokens));
        Assert.Equal(learned, Decode(candidate.Option));
    }

    [Theory]
    [InlineData("""{"instruction": "Go.", "output": "Yes", "history": "Hi"}""", "\"history\" is a string; a list of pairs")]
    [InlineData("""{"instruction": "Go.", "output": "Yes", "history": [["Hi"]]}""", "\"history\"[0] is not a pair of texts")]
    [InlineData("""{"instruction": "Go.", "output": "Yes", "system": 3}""", "\"system\" is a number; text was expected")]
    public void What_is_no_history_is_refused(string row, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidInputException>(() => Load(row)).Message, StringComparison.Ordinal);

    [Fact]
    public void Unused_columns_are_named_with_their_counts()
    {
        var data = Load("""
            {"prompt": "a", "completion": "b", "id": 1, "source": "x"}
            {"prompt": "a", "completion": "b", "id": 2, "source": null, "text": "c"}
            {"prompt": "a", "completion": "b"}
            """);
        Assert.Equal(["unused columns: id (2 of 3 rows), source (1 of 3 rows), text (1 of 3 rows)"], data.Notes);
        File.WriteAllText(_temp["rows.csv"], "text,label\nI was charged twice,billing\nThe app crashes,bug\n");
        data = UserData.LoadTest(Options("rows.csv"), _tokenizer, NoTemplate);
        Assert.Equal(
            ["unused columns: label (2 of 2 rows); labels to choose among are for a task: Task FILE (docs/tasks.md)"], data.Notes);
    }

    [Fact]
    public void A_file_with_other_columns_in_every_row_gives_a_short_note()
    {
        var data = Load(string.Concat(Enumerable.Range(0, 50).Select(i => $"{{\"text\": \"some words\", \"c{i}\": 1}}\n")));
        Assert.EndsWith("c19 (1 of 50 rows) and 30 more", Assert.Single(data.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_can_stand_for_others()
    {
        const string Row = """{"Question": "Good?", "Answer": "Yes", "prompt": "no", "messages": []}""";
        var data = Load(Row, o => o with { Columns = "prompt=Question,completion=Answer" });
        Assert.Equal("</s>Good?Yes</s>", Decode(data.Test[0].CorrectCandidate.Tokens));
        Assert.Equal(["unused columns: messages (1 of 1 rows), prompt (1 of 1 rows)"], data.Notes);
    }

    [Theory]
    [InlineData("prompt", "Columns has 'prompt'; NAME=COLUMN was expected")]
    [InlineData("prompt=", "Columns has 'prompt='; NAME=COLUMN was expected")]
    [InlineData("reply=b", "Columns has 'reply=b'; one of messages, system, tools")]
    [InlineData("prompt=a,prompt=b", "Columns has 'prompt' twice")]
    [InlineData("system=Syst", "no row of ROWS has a column \"Syst\"")]
    public void Columns_that_have_no_meaning_are_refused(string columns, string expected)
    {
        var e = Assert.Throws<InvalidInputException>(
            () => Load("""{"prompt": "a", "completion": "b"}""", o => o with { Columns = columns }));
        Assert.Contains(expected.Replace("ROWS", _temp["rows.jsonl"], StringComparison.Ordinal), e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"text": "one</s>two"}""")]
    [InlineData("""{"prompt": "one</s>", "completion": "two"}""")]
    [InlineData("""{"question": "one</s>", "answer": "two"}""")]
    [InlineData("""{"instruction": "one</s>", "output": "two"}""")]
    public void Special_tokens_in_texts_are_tokens_unless_they_are_split(string row)
    {
        int end = _tokenizer.EosId!.Value;
        var data = Load(row);
        Assert.Equal(3, data.Test[0].CorrectCandidate.Tokens.Count(t => t == end));
        Assert.Equal(["special tokens: 1 written in the texts of 1 rows were taken for the tokens they are"], data.Notes);
        data = Load(row, o => o with { SplitSpecialTokens = true });
        Assert.Equal(2, data.Test[0].CorrectCandidate.Tokens.Count(t => t == end));
        Assert.Equal(
            ["special tokens: 1 written in the texts of 1 rows were taken for letters, as SplitSpecialTokens says"], data.Notes);
    }

    [Theory]
    [InlineData("""{"text": "</s>one two</s>"}""", "</s>one two</s>")]
    [InlineData("""{"prompt": "</s>one", "completion": " two</s>"}""", "</s>one two</s>")]
    public void Tokens_at_the_ends_that_the_text_has_already_are_not_doubled(string row, string expected) =>
        Assert.Equal(expected, Decode(Load(row).Test[0].CorrectCandidate.Tokens));

    [Theory]
    [InlineData("\u2028")]
    [InlineData("\u0085")]
    [InlineData("\f")]
    [InlineData("\v")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    [InlineData("\u001c")]
    [InlineData("\u00a0")]
    [InlineData("e\u0301")]
    public void Texts_pass_through_as_they_are(string odd)
    {
        string text = $"It is{odd}good.";
        string escaped = System.Text.Json.JsonSerializer.Serialize(text);
        File.WriteAllText(_temp["rows.csv"], $"text\n\"{text}\"\n");
        File.WriteAllText(_temp["rows.tsv"], $"text\n\"{text}\"\n");
        File.WriteAllText(_temp["rows.json"], $"[{{\"text\": {escaped}}}]");
        int[] expected = [_tokenizer.BosId!.Value, .. _tokenizer.Encode(text, false), _tokenizer.EosId!.Value];
        Assert.Equal(expected, Load($"{{\"text\": {escaped}}}").Test[0].CorrectCandidate.Tokens);
        foreach (string name in (string[])["rows.csv", "rows.tsv", "rows.json"])
        {
            Assert.Equal(expected, UserData.LoadTest(Options(name), _tokenizer, NoTemplate).Test[0].CorrectCandidate.Tokens);
        }

        if (odd != "\r\n")
        {
            File.WriteAllText(_temp["rows.txt"], text);
            Assert.Equal(expected, UserData.LoadTest(Options("rows.txt"), _tokenizer, NoTemplate).Test[0].CorrectCandidate.Tokens);
        }
    }

    private UserDataOptions Options(string name) => new(_temp[name], 512, 512, 0);

    private UserData Load(string rows, Func<UserDataOptions, UserDataOptions>? change = null)
    {
        File.WriteAllText(_temp["rows.jsonl"], rows);
        return UserData.LoadTest(change?.Invoke(Options("rows.jsonl")) ?? Options("rows.jsonl"), _tokenizer, NoTemplate);
    }

    private string Decode(ReadOnlySpan<int> ids) => _tokenizer.Decode(ids, skipSpecialTokens: false);

    private static IlZo.Tokenization.ChatTemplates.ChatTemplate NoTemplate() =>
        throw new InvalidOperationException("Nothing here needs a template.");
}
