using System.IO.Compression;
using System.Text;
using IlZo.Core.Tests.Tokenization;
using IlZo.Datasets;
using IlZo.Tasks;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Datasets;

/// <summary>The forms of files: JSON arrays, compressed files, UTF-16, and folders as the Hub has them.</summary>
public sealed class FileFormTests : IDisposable
{
    private const string Lines = "{\"prompt\": \"ä\", \"completion\": \"b\"}\n{\"prompt\": \"c\", \"completion\": \"d\"}\n";
    private const string Csv = "prompt,completion\nä,b\nc,d\n";

    private readonly TempFolder _temp = new();
    private readonly ITokenizer _tokenizer = TokenizerLoader.Load(TestTokenizers.Reviews);

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string, byte[]> Forms()
    {
        string array = "[\n  {\"prompt\": \"ä\", \"completion\": \"b\"},\n  {\"prompt\": \"c\",\n   \"completion\": \"d\"}\n]\n";
        byte[] utf8 = Encoding.UTF8.GetBytes(Lines);
        return new()
        {
            { "rows.jsonl", utf8 },
            { "rows.ndjson", utf8 },
            { "rows.json", utf8 },
            { "rows.json", Encoding.UTF8.GetBytes(array) },
            { "rows.json", Encoding.UTF8.GetBytes("\uFEFF \n" + array) },
            { "rows.jsonl", Encoding.UTF8.GetBytes(array) },
            { "rows.csv", Encoding.UTF8.GetBytes(Csv) },
            { "rows.tsv", Encoding.UTF8.GetBytes(Csv.Replace(',', '\t')) },
            { "rows.csv", Encoding.UTF8.GetBytes(Csv.Replace(',', ';')) },
            { "rows.jsonl.gz", Gzip(utf8) },
            { "rows.json.gz", Gzip(Encoding.UTF8.GetBytes(array)) },
            { "rows.csv.gz", Gzip(Encoding.UTF8.GetBytes(Csv)) },
            { "rows.jsonl", Utf16(Lines, Encoding.Unicode) },
            { "rows.jsonl", Utf16(Lines, Encoding.BigEndianUnicode) },
            { "rows.json", Utf16(array, Encoding.Unicode) },
            { "rows.csv", Utf16(Csv, Encoding.Unicode) },
            { "rows.csv", Utf16(Csv.Replace(',', '\t'), Encoding.Unicode) },
            { "rows.jsonl.gz", Gzip(Utf16(Lines, Encoding.Unicode)) },
        };
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void All_forms_give_the_same_examples(string name, byte[] content)
    {
        File.WriteAllBytes(_temp[name], content);
        Assert.Equal(["</s>cd</s>", "</s>äb</s>"], Texts(UserData.LoadTest(Options(name), _tokenizer, NoTemplate).Test));
    }

    [Fact]
    public void A_text_may_be_compressed_or_in_UTF16()
    {
        File.WriteAllBytes(_temp["a.txt.gz"], Gzip("Good film."u8.ToArray()));
        File.WriteAllBytes(_temp["b.txt"], Utf16("Good film.", Encoding.Unicode));
        Assert.All(
            (string[])["a.txt.gz", "b.txt"],
            name => Assert.Equal(["</s>Good film.</s>"], Texts(UserData.LoadTest(Options(name), _tokenizer, NoTemplate).Test)));
    }

    [Theory]
    [InlineData("rows.json", "[{\"text\": \"a b\"}, 3]", "rows.json:1 (row 2): is a JSON value that is not an object")]
    [InlineData("rows.json", "[\n{\"text\": \"a b\"},\n{\"text\": \"\"}]", "rows.json:3 (row 2): \"text\" is empty")]
    [InlineData("rows.json", "[{\"text\": \"a b\"}] {}", "rows.json:1: is not valid JSON at byte")]
    [InlineData("rows.json", "[\n{\"text\": \"a b\"},\n", "rows.json:3: is not valid JSON")]
    [InlineData("rows.json", "[{\"text\": \"a b\", \"text\": \"c\"}]", "rows.json:1 (row 1): has \"text\" twice")]
    [InlineData("rows.json", "[{\"text\": \"\\ud800\"}]", "rows.json:1 (row 1): holds an escape that is half of a surrogate pair")]
    [InlineData("rows.json", "[]", "rows.json: holds no rows")]
    [InlineData(
        "rows.json",
        "{\n\"text\": \"a b\"\n}",
        "rows.json:1: is not valid JSON at byte 2 of the line; expected one JSON object per line, or an array of objects")]
    [InlineData("rows.jsonl.gz", "no gzip", "rows.jsonl.gz: is not a gzip file")]
    [InlineData("rows.parquet", "no parquet", "rows.parquet: cannot be read as Parquet")]
    public void What_is_no_such_file_is_refused_with_its_place(string name, string content, string expected)
    {
        File.WriteAllText(_temp[name], content);
        Assert.Contains(
            expected,
            Assert.Throws<InvalidInputException>(() => UserData.LoadTest(Options(name), _tokenizer, NoTemplate)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Encodings_that_are_not_read_are_called_by_their_names()
    {
        File.WriteAllBytes(_temp["rows.jsonl"], [.. new UTF32Encoding().GetPreamble(), .. new UTF32Encoding().GetBytes(Lines)]);
        Assert.Contains("is text in UTF-32; UTF-8 was expected", Refusal("rows.jsonl"), StringComparison.Ordinal);
        File.WriteAllBytes(_temp["rows.jsonl"], Encoding.Unicode.GetBytes(Lines));
        Assert.Contains(
            "holds a NUL byte; expected UTF-8 text with one JSON object per line (UTF-16 is read with a byte order mark)",
            Refusal("rows.jsonl"),
            StringComparison.Ordinal);
        File.WriteAllBytes(_temp["rows.jsonl"], [0xFF, 0xFE, 0x00, 0xD8, (byte)'a', 0]);
        Assert.Contains(
            "begins with the byte order mark of UTF-16 and contains an invalid character",
            Refusal("rows.jsonl"),
            StringComparison.Ordinal);
        File.WriteAllBytes(
            _temp["cut.jsonl.gz"],
            Gzip(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 99).Select(i => $"{{\"text\": \"word {i * i}\"}}\n"))))[..^40]);
        Assert.Contains("cut.jsonl.gz: cannot be read", Refusal("cut.jsonl.gz"), StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_elements_of_an_array_are_left_out_on_demand()
    {
        File.WriteAllText(_temp["rows.json"], "[3, {\"text\": \"\"},\n {\"text\": \"a b\"}]");
        var data = UserData.LoadTest(Options("rows.json") with { SkipBadRows = true }, _tokenizer, NoTemplate);
        Assert.Equal((1, 2), (data.Test.Count, data.SkippedRows));
        Assert.Equal($"{_temp["rows.json"]}:2 (row 3)", data.Test[0].Where);
    }

    [Fact]
    public void Folders_of_the_Hub_are_read_in_parts()
    {
        Directory.CreateDirectory(_temp["data"]);
        Write("data/train-00000-of-00002.jsonl", "a", 3);
        Write("data/train-00001-of-00002.jsonl", "b", 2);
        Write("data/validation-00000-of-00001.jsonl", "c", 1);
        Write("data/test-00000-of-00001.jsonl", "d", 2);
        Write("extra.jsonl", "e", 2);
        var data = UserData.Load(new UserDataOptions(_temp.Path, 512, 512, 0), _tokenizer, NoTemplate);
        Assert.Equal((5, 1, 2), (data.Train.Count, data.Dev.Count, data.Test.Count));
        Assert.Equal(["unused files: extra.jsonl"], data.Notes);
        File.Delete(_temp["data/train-00000-of-00002.jsonl"]);
        Assert.Contains("has 1 of the 2 parts of train", FolderRefusal(), StringComparison.Ordinal);
        Write("train.jsonl", "f", 2);
        Assert.Contains(
            $"has both train.jsonl and {System.IO.Path.Combine("data", "train-00001-of-00002.jsonl")}",
            FolderRefusal(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_a_train_file_is_refused_with_what_it_has()
    {
        Directory.CreateDirectory(_temp["main"]);
        Write("main/train-00000-of-00001.jsonl", "a", 2);
        Assert.Contains("has no train file; train.jsonl", FolderRefusal(), StringComparison.Ordinal);
        Assert.Contains("its folders main have data files", FolderRefusal(), StringComparison.Ordinal);
        Write("rows.jsonl", "a", 2);
        Assert.Contains("it has rows.jsonl", FolderRefusal(), StringComparison.Ordinal);
    }

    private void Write(string name, string prompt, int rows) =>
        File.WriteAllText(
            _temp[name], string.Concat(Enumerable.Range(0, rows).Select(i => $"{{\"prompt\": \"{prompt}{i}\", \"completion\": \"x\"}}\n")));

    private string FolderRefusal() =>
        Assert.Throws<InvalidInputException>(
            () => UserData.Load(new UserDataOptions(_temp.Path, 512, 512, 0), _tokenizer, NoTemplate)).Message;

    private string Refusal(string name) =>
        Assert.Throws<InvalidInputException>(() => UserData.LoadTest(Options(name), _tokenizer, NoTemplate)).Message;

    private string[] Texts(IEnumerable<EncodedExample> examples) =>
        [.. examples.Select(e => _tokenizer.Decode(e.CorrectCandidate.Tokens, skipSpecialTokens: false)).Order(StringComparer.Ordinal)];

    private UserDataOptions Options(string name) => new(_temp[name], 512, 512, 0);

    private static byte[] Utf16(string text, Encoding encoding) => [.. encoding.GetPreamble(), .. encoding.GetBytes(text)];

    private static byte[] Gzip(byte[] content)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal))
        {
            gzip.Write(content);
        }

        return stream.ToArray();
    }

    private static IlZo.Tokenization.ChatTemplates.ChatTemplate NoTemplate() =>
        throw new InvalidOperationException("Nothing here needs a template.");
}
