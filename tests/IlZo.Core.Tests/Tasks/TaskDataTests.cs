using System.Text;
using System.Text.RegularExpressions;
using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

public partial class TaskDataTests
{
    private const string Good = """{"sentence": "fine", "label": 1}""";

    [Fact]
    public void The_example_in_the_documentation_works()
    {
        // docs/tasks.md shows rows, a definition and the text that the first row becomes, in this order.
        string page = File.ReadAllText(TestData.Path("..", "..", "docs", "tasks.md"));
        string[] blocks = [.. Blocks().Matches(page).Select(m => m.Groups[1].Value)];
        using var folder = new TemporaryFolder();
        folder.Write("train.jsonl", blocks[0]);
        folder.Write("validation.jsonl", """{"title": "T", "mail": {"body": "B"}, "queue": "crash"}""");
        var task = TaskCatalog.Load(folder.Write("mails.json", blocks[1]));

        var data = TaskData.Load(task, folder.Root);

        Assert.Equal("mails", task.Name);
        Assert.Equal(200, task.DevExamples);
        Assert.Same(task, data.Definition);
        Assert.Equal([1, 2, 0], data.Train.Select(e => e.Correct));
        Assert.Equal(blocks[2].TrimEnd('\n'), data.Train[0].Verbalized[1]);
        Assert.Equal(["other", "billing", "technical"], data.Train[0].Candidates);
        Assert.Equal("Subject: T\nB\n{queue}: technical", Assert.Single(data.Validation).Verbalized[2]);
        Assert.Equal(Path.Combine(folder.Root, "train.jsonl") + ":3", data.Train[2].Where);
    }

    [Theory]
    [InlineData("sst2", " It was")]
    [InlineData("sst2-sentiment", " Sentiment:")]
    public void Sst2_has_a_built_in_sample(string name, string end)
    {
        var data = TaskData.LoadBuiltIn(TaskCatalog.Load(name));

        Assert.Equal((1000, 500, 698), (data.Train.Count, data.Dev!.Count, data.Validation.Count));
        Assert.All(data.Train.Concat(data.Validation), e => Assert.EndsWith(end, e.Prompt, StringComparison.Ordinal));
        Assert.Equal("unflinchingly bleak and desperate" + end, data.Validation[0].Prompt);
        Assert.Equal("built-in sst2/validation.jsonl:1", data.Validation[0].Where);
        Assert.Equal(362, data.Validation.Count(e => e.Correct == 1));
    }

    [Fact]
    public void Tasks_without_a_sample_say_so()
    {
        var e = Assert.Throws<InvalidInputException>(() => TaskData.LoadBuiltIn(TaskCatalog.Load("rte")));
        Assert.Contains("sst2, sst2-sentiment", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "train.jsonl: holds no examples; expected")]
    [InlineData("\n \n", "train.jsonl: holds no examples; expected")]
    [InlineData(Good + "\nnot json", "train.jsonl:2: is not valid JSON at byte 2")]
    [InlineData(Good + "\n\n[]", "train.jsonl:3: is a JSON array; expected a JSON object")]
    [InlineData("{\"label\": 1}", "train.jsonl:1: has no field \"sentence\"")]
    [InlineData("{\"sentence\": \"a\"}", "train.jsonl:1: has no field \"label\"")]
    [InlineData("{\"sentence\": null, \"label\": 1}", "train.jsonl:1: field \"sentence\" is a JSON null; expected text")]
    [InlineData("{\"sentence\": {\"x\": 1}, \"label\": 1}", "train.jsonl:1: field \"sentence\" is a JSON object; expected text")]
    [InlineData("{\"sentence\": \"\\ud800\", \"label\": 1}", "train.jsonl:1: holds an escape that is half of a surrogate pair; expected")]
    [InlineData("{\"sentence\": \"a\", \"label\": -1}", "train.jsonl:1: label \"label\" is -1; expected one of 0, 1")]
    [InlineData("{\"sentence\": \"a\", \"label\": \"1\"}", "train.jsonl:1: label \"label\" is \"1\"; expected one of 0, 1")]
    [InlineData("{\"sentence\": \"a\", \"label\": true}", "train.jsonl:1: label \"label\" is true; expected one of 0, 1")]
    [InlineData("{\"sentence\": \"a\", \"label\": [1]}", "train.jsonl:1: label \"label\" is [1]; expected one of 0, 1")]
    [InlineData("{\"sentence\": \"a\", \"label\": 1e999}", "train.jsonl:1: label \"label\" is 1e999; expected one of 0, 1")]
    [InlineData("{\"sentence\": \"a\", \"label\": \"\\udc00\"}", "train.jsonl:1: holds an escape that is half")]
    [InlineData("{\"\\ud800\": 0, \"sentence\": \"a\"}", "train.jsonl:1: holds an escape that is half")]
    [InlineData("{\"sentence\": \"\\u00e9\", \"label\": 2}", "train.jsonl:1: label \"label\" is 2; expected one of 0, 1")]
    [InlineData("{\"sentence\": \"\\u00e9\", \"label\"}", "train.jsonl:1: is not valid JSON at byte")]
    public void Hostile_rows_are_refused_with_their_place(string train, string expected)
    {
        using var folder = new TemporaryFolder();
        folder.Write("train.jsonl", train);
        folder.Write("validation.jsonl", Good);
        var e = Assert.Throws<InvalidInputException>(() => TaskData.Load(TaskCatalog.Load("sst2"), folder.Root).Train);

        Assert.StartsWith(Path.Combine(folder.Root, expected), e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "{\"passage\": {\"text\": \"P\", \"questions\": 3}}", "\"passage.questions[].answers[]\" meets a JSON number; expected a list")]
    [InlineData("{\"passage\": {\"text\": \"P\"}}", "has no field \"passage.questions[].question\" or \"question\"")]
    [InlineData(
        "{\"passage\": {\"text\": \"P\", \"questions\": [{\"question\": \"Q\", \"answers\": [{\"text\": \"A\", \"label\": 3}]}]}}",
        "label \"passage.questions[].answers[].label\" or \"label\" is 3")]
    [InlineData(
        "{\"passage\": {\"text\": \"P\", \"questions\": [{\"question\": \"Q\", \"answers\": [7]}]}}",
        "has no field \"passage.questions[].answers[].text\" or \"answer\"")]
    [InlineData("{\"passage\": {\"text\": \"P\", \"questions\": []}}", "holds no examples")]
    public void Hostile_nested_rows_are_refused(string row, string expected)
    {
        var e = Assert.Throws<InvalidInputException>(() => Rows.Read(TaskCatalog.Load("multirc"), row));
        Assert.StartsWith("rows.jsonl", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_without_a_template_is_refused()
    {
        const string row = """{"premise": "p", "choice1": "a", "choice2": "b", "question": "why", "label": 0}""";
        var e = Assert.Throws<InvalidInputException>(() => Rows.Read(TaskCatalog.Load("copa"), row));
        Assert.Equal("rows.jsonl:1: field \"question\" is \"why\"; expected one of \"effect\", \"cause\".", e.Message);
    }

    [Fact]
    public void Files_that_are_not_UTF_8_are_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("train.jsonl", Encoding.Latin1.GetBytes(Good + "\n{\"sentence\": \"caf\u00e9\", \"label\": 1}\n"));
        folder.Write("validation.jsonl", Good);
        var e = Assert.Throws<InvalidInputException>(() => TaskData.Load(TaskCatalog.Load("sst2"), folder.Root).Train);
        Assert.Equal($"{path}:2: is not UTF-8 text; expected one JSON object per line in UTF-8.", e.Message);
    }

    [Fact]
    public void Missing_files_and_folders_are_refused()
    {
        using var folder = new TemporaryFolder();
        string missing = Path.Combine(folder.Root, "nowhere");
        var e = Assert.Throws<InvalidInputException>(() => TaskData.Load(TaskCatalog.Load("sst2"), missing));
        Assert.StartsWith($"{missing}: no such folder; expected", e.Message, StringComparison.Ordinal);

        folder.Write("train.jsonl", Good);
        e = Assert.Throws<InvalidInputException>(() => TaskData.Load(TaskCatalog.Load("sst2"), folder.Root).Validation);
        Assert.StartsWith(Path.Combine(folder.Root, "validation.jsonl") + ": no such file; expected", e.Message, StringComparison.Ordinal);
    }

    [GeneratedRegex("^```\\w+\\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Blocks();
}
