using System.Text;
using IlZo.Core.Tests.Tokenization;
using IlZo.Datasets;
using IlZo.Tasks;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Datasets;

/// <summary>Files, folders and their parts.</summary>
public sealed class UserDataTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly ITokenizer _tokenizer = TokenizerLoader.Load(TestTokenizers.Reviews);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void One_file_is_split_by_the_seed_into_parts_without_a_common_row()
    {
        Rows("rows.jsonl", 40);
        var data = Load("rows.jsonl");
        Assert.Equal((32, 4, 4), (data.Train.Count, data.Dev.Count, data.Test.Count));
        string[] places = [.. data.Train.Concat(data.Dev).Concat(data.Test).Select(e => e.Where)];
        Assert.Equal(40, places.Distinct().Count());
        Assert.Equal(Places(data.Test), Places(Load("rows.jsonl").Test));
        Assert.NotEqual(Places(data.Test), Places(Load("rows.jsonl", o => o with { Seed = 1 }).Test));
        Assert.Equal(Places(data.Test), Places(Load("rows.jsonl", o => o with { TrainSize = 3 }).Test));
    }

    [Theory]
    [InlineData(3, null, null, 1, 1, 1)]
    [InlineData(25, 5, 0, 20, 5, 0)]
    [InlineData(2, 0, 0, 2, 0, 0)]
    public void Sizes_can_be_asked_for(int rows, int? dev, int? test, int expectedTrain, int expectedDev, int expectedTest)
    {
        Rows("rows.jsonl", rows);
        var data = Load("rows.jsonl", o => o with { DevSize = dev, TestSize = test });
        Assert.Equal((expectedTrain, expectedDev, expectedTest), (data.Train.Count, data.Dev.Count, data.Test.Count));
    }

    [Fact]
    public void Too_few_rows_are_refused()
    {
        Rows("rows.jsonl", 2);
        Assert.Contains("has 2 examples, and 1 of them", Refusal("rows.jsonl"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("validation.jsonl")]
    [InlineData("valid.jsonl")]
    [InlineData("dev.jsonl")]
    public void A_folder_has_a_file_for_each_purpose(string dev)
    {
        Rows("train.jsonl", 20);
        Rows(dev, 5);
        File.WriteAllText(_temp["test.csv"], "prompt,completion\na, b\nc, d\n");
        var data = Load(".");
        Assert.Equal((20, 5, 2), (data.Train.Count, data.Dev.Count, data.Test.Count));
        Assert.Equal(2, UserData.LoadTest(Options("."), _tokenizer, NoTemplate).Test.Count);
        File.Delete(_temp["test.csv"]);
        Assert.Equal((18, 5, 2), (Load(".").Train.Count, Load(".").Dev.Count, Load(".").Test.Count));
        Assert.Equal(5, UserData.LoadTest(Options("."), _tokenizer, NoTemplate).Test.Count);
    }

    [Fact]
    public void Reading_ends_when_it_is_cancelled()
    {
        Rows("rows.jsonl", 20);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => UserData.Load(Options("rows.jsonl"), _tokenizer, NoTemplate, cancelled.Token));
        Assert.Throws<OperationCanceledException>(() => UserData.LoadTest(Options("rows.jsonl"), _tokenizer, NoTemplate, cancelled.Token));
    }

    [Fact]
    public void A_folder_that_is_not_clear_is_refused()
    {
        Assert.Contains("has no train file", Refusal("."), StringComparison.Ordinal);
        Rows("train.jsonl", 5);
        Rows("train.csv", 5);
        Assert.Contains("has both train.csv and train.jsonl", Refusal("."), StringComparison.Ordinal);
        Assert.Contains("no such file or folder", Refusal("none"), StringComparison.Ordinal);
        Rows("rows.xls", 5);
        Assert.Contains("the ending of the file is not known", Refusal("rows.xls"), StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_rows_are_left_out_on_demand_and_counted()
    {
        byte[] bad =
        [
            .. "{\"prompt\": \"a\", \"completion\": \"\"}\nno json\n{\"prompt\": \""u8, 0xFF, .. "\", \"completion\": \"b\"}\n"u8,
            .. Encoding.UTF8.GetBytes(new string(' ', JsonlReader.MaxLineBytes + 1) + "x\n"),
        ];
        string good = string.Concat(Enumerable.Range(0, 10).Select(Row));
        File.WriteAllBytes(
            _temp["rows.jsonl"],
            [.. "\uFEFF"u8, .. bad, .. Encoding.UTF8.GetBytes(good.Replace("\n", "\r\n", StringComparison.Ordinal).TrimEnd())]);
        Assert.StartsWith($"{_temp["rows.jsonl"]}:1: \"completion\" is empty", Refusal("rows.jsonl"), StringComparison.Ordinal);
        var data = Load("rows.jsonl", o => o with { SkipBadRows = true });
        Assert.Equal(4, data.SkippedRows);
        Assert.StartsWith($"{_temp["rows.jsonl"]}:1: ", data.FirstProblem, StringComparison.Ordinal);
        Assert.Equal(10, data.Train.Count + data.Dev.Count + data.Test.Count);
        Assert.Contains(data.Train.Concat(data.Dev).Concat(data.Test), e => e.Where == $"{_temp["rows.jsonl"]}:14");
    }

    [Fact]
    public void A_file_of_bad_rows_alone_is_refused_though_they_may_be_left_out()
    {
        File.WriteAllText(_temp["rows.jsonl"], "x\ny\n");
        var e = Assert.Throws<InvalidInputException>(() => Load("rows.jsonl", o => o with { SkipBadRows = true }));
        Assert.Contains("no row can be used, of the first: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_file_is_cut_into_windows()
    {
        File.WriteAllText(_temp["text.txt"], "\uFEFF" + string.Concat(Enumerable.Repeat("A good film.\r\n", 40)));
        var data = Load("text.txt", o => o with { WindowLength = 16 });
        var all = data.Train.Concat(data.Dev).Concat(data.Test).ToList();
        int tokens = _tokenizer.Encode(string.Concat(Enumerable.Repeat("A good film.\n", 40)), false).Length + 1;
        Assert.Equal(tokens, all.Sum(e => e.CorrectCandidate.OptionLength));
        Assert.All(all, e => Assert.InRange(e.CorrectCandidate.Tokens.Length, 2, 16));
    }

    [Fact]
    public void Text_that_is_not_UTF8_is_refused_with_the_line()
    {
        File.WriteAllBytes(_temp["text.txt"], [.. "one\ntwo "u8, 0xC3, .. "\n"u8]);
        Assert.Contains("text.txt:2: is not UTF-8", Refusal("text.txt"), StringComparison.Ordinal);
        File.WriteAllText(_temp["text.txt"], " \n");
        Assert.Contains("text.txt: is empty", Refusal("text.txt"), StringComparison.Ordinal);
    }

    private static string[] Places(IEnumerable<EncodedExample> examples) => [.. examples.Select(e => e.Where)];

    private static string Row(int i) => $"{{\"prompt\": \"Number {i}\", \"completion\": \" is {i % 3}\"}}\n";

    private void Rows(string name, int count) => File.WriteAllText(_temp[name], string.Concat(Enumerable.Range(0, count).Select(Row)));

    private UserDataOptions Options(string name) => new(name == "." ? _temp.Path : _temp[name], 512, 512, 0);

    private UserData Load(string name, Func<UserDataOptions, UserDataOptions>? change = null) =>
        UserData.Load(change?.Invoke(Options(name)) ?? Options(name), _tokenizer, NoTemplate);

    private string Refusal(string name) => Assert.Throws<InvalidInputException>(() => Load(name)).Message;

    private static IlZo.Tokenization.ChatTemplates.ChatTemplate NoTemplate() =>
        throw new InvalidOperationException("Nothing here needs a template.");
}
