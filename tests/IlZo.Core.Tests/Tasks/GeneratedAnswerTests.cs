using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>Tasks whose answers or candidates come from the row: SQuAD, DROP, ReCoRD and a user's own.</summary>
public class GeneratedAnswerTests
{
    private const string Squad = """{"title": "Super_Bowl_50", "context": "It was 308.", "question": " How many? ", "answers": {"text": ["308", "308 points"], "answer_start": [7, 7]}}""";

    [Fact]
    public void Squad_trains_on_the_first_answer_and_a_newline_and_compares_with_all()
    {
        var example = Rows.One("squad", Squad);

        Assert.Equal("Title: Super_Bowl_50\nContext: It was 308.\nQuestion: How many?\nAnswer:", example.Prompt);
        Assert.Equal([example.Prompt + " 308\n"], example.Verbalized);
        Assert.Equal(["308", "308 points"], example.Answers);
        Assert.Equal(0, example.Correct);
    }

    [Theory]
    [InlineData("""{"answers_spans": {"spans": ["two", "2"], "types": ["span", "number"]}}""", "two", "2")]
    [InlineData("""{"answer": {"number": "3", "date": {"day": "", "month": "", "year": ""}, "spans": []}}""", "3")]
    [InlineData("""{"answer": {"number": 3, "spans": []}}""", "3")]
    [InlineData(
        """{"answer": {"number": "", "date": {"day": "", "month": "", "year": ""}, "spans": ["Kenya", "Tanzania"]}}""",
        "Kenya",
        "Tanzania")]
    [InlineData("""{"answer": {"number": "", "date": {"day": "3", "month": "May", "year": "1615"}, "spans": []}}""", "3 May 1615")]
    [InlineData("""{"answer": {"number": "", "date": {"day": "", "month": "", "year": "1615"}, "spans": []}}""", "1615")]
    public void Drop_reads_the_hubs_answers_and_the_authors(string answers, params string[] expected)
    {
        var example = Rows.One("drop", """{"passage": "P.", "question": "Q?", """ + answers[1..]);

        Assert.Equal("Passage: P.\nQuestion: Q?\nAnswer:", example.Prompt);
        Assert.Equal([$"Passage: P.\nQuestion: Q?\nAnswer: {expected[0]}\n"], example.Verbalized);
        Assert.Equal(expected, example.Answers);
    }

    [Theory]
    [InlineData(
        "squad", """{"title": "T", "context": "C", "question": "Q", "answers": {"text": []}}""", "has no text in \"answers.text[]\"")]
    [InlineData(
        "squad",
        """{"title": "T", "context": "C", "question": "Q", "answers": {"text": ["", " "]}}""",
        "has no text in \"answers.text[]\"")]
    [InlineData(
        "squad", """{"title": "T", "context": "C", "question": "Q", "answers": {"text": "308"}}""", "has no text in \"answers.text[]\"")]
    [InlineData(
        "squad",
        """{"title": "T", "context": "C", "question": "Q", "answers": {"text": [["308"]]}}""",
        "\"answers.text[]\" is a JSON array; expected text")]
    [InlineData("drop", """{"passage": "P", "question": "Q"}""", "has no text in \"answers_spans.spans[]\" or \"answer.number\" or")]
    [InlineData(
        "record",
        """{"passage": "P", "query": "@placeholder", "entities": ["A"], "answers": ["B"]}""",
        "none of the texts in \"qas[].answers[].text\" or \"answers[]\" is among those")]
    [InlineData(
        "record",
        """{"passage": {"text": "P Q", "entities": [{"start": 2, "end": 3}]}, "qas": [{"query": "q", "answers": [{"text": "Q"}]}]}""",
        "beyond the 3 characters of \"passage.text\"")]
    [InlineData(
        "record",
        """{"passage": {"text": "P Q", "entities": [{"start": 2, "end": 1}]}, "qas": [{"query": "q", "answers": [{"text": "Q"}]}]}""",
        "expected texts or objects with start and end")]
    [InlineData(
        "record",
        """{"passage": {"text": "P Q", "entities": [{"start": 0.5, "end": 1}]}, "qas": [{"query": "q", "answers": [{"text": "Q"}]}]}""",
        "expected texts or objects with start and end")]
    public void Rows_without_an_answer_are_refused(string task, string row, string expected)
    {
        var e = Assert.Throws<InvalidInputException>(() => Rows.One(task, row));
        Assert.StartsWith("rows.jsonl:1: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Record_puts_each_entity_into_the_query_and_accepts_every_answer()
    {
        var example = Rows.One(
            "record",
            """{"passage": "Ann met Bo.\n@highlight\nAnn won\n@highlight\nBo lost", "query": "@placeholder beat Bo, said @placeholder", "entities": ["Ann", "Bo", "Cy"], "answers": ["Cy", "Ann"]}""");

        Assert.Equal("Ann met Bo.\n- Ann won\n- Bo lost\n-", example.Prompt);
        Assert.Equal(["Ann", "Bo", "Cy"], example.Candidates);
        Assert.Equal([.. example.Candidates.Select(c => $"{example.Prompt} {c} beat Bo, said {c}")], example.Verbalized);
        Assert.Equal([0, 2], example.Accepted);
        Assert.Equal(0, example.Correct);
        Assert.Empty(example.Answers);
    }

    [Fact]
    public void Record_cuts_its_entities_out_of_the_passage_by_code_points_once_each_and_sorted()
    {
        // The end of a span is its last character; the first character takes two UTF-16 units.
        const string row = """
            {"passage": {"text": "😀 Zoe met Amy. Zoe won.", "entities": [{"start": 2, "end": 4}, {"start": 10, "end": 12}, {"start": 15, "end": 17}]},
             "qas": [{"query": "@placeholder won", "answers": [{"start": 2, "end": 4, "text": "Zoe"}]},
                     {"query": "@placeholder lost", "answers": [{"start": 10, "end": 12, "text": "Amy"}]}]}
            """;
        var examples = Rows.Read(TaskCatalog.Load("record"), row.Replace('\n', ' '));

        Assert.Equal(2, examples.Count);
        Assert.All(examples, e => Assert.Equal(["Amy", "Zoe"], e.Candidates));
        Assert.Equal([1, 0], examples.Select(e => e.Correct));
        Assert.EndsWith("\n- Zoe won", examples[0].Verbalized[1], StringComparison.Ordinal);
        Assert.EndsWith("\n- Amy lost", examples[1].Verbalized[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_can_define_a_task_that_generates()
    {
        // The definition that docs/tasks.md shows.
        string page = File.ReadAllText(TestData.Path("..", "..", "docs", "tasks.md"));
        string json = page.Split("```").Single(block => block.Contains("\"capitals\"", StringComparison.Ordinal))["json".Length..];
        var task = TaskDefinition.Parse(json, "capitals.json");
        var examples = Rows.Read(
            task, """{"country": "France", "capital": "Paris"}""",
            """{"country": "Bolivia", "capital": "", "capitals": ["Sucre", "La Paz"]}""");

        Assert.True(task.Generates);
        Assert.Equal(((IMetric)TokenF1.Instance, TaskObjective.LanguageModel, 10), (task.Metric, task.Objective, task.MaxNewTokens));
        Assert.Equal(["Country: France\nCapital: Paris\n", "Country: Bolivia\nCapital: Sucre\n"], examples.Select(e => e.Verbalized[0]));
        Assert.Equal(["Sucre", "La Paz"], examples[1].Answers);
    }

    [Theory]
    [InlineData("\"metric\": \"accuracy\"", "metric is \"accuracy\"; expected \"f1\"")]
    [InlineData("\"objective\": \"classification\"", "objective is \"classification\"; expected \"language-model\"")]
    [InlineData("\"label\": \"x\"", "label is only for tasks with labelled candidates")]
    [InlineData("\"content_free\": \"\"", "content_free is only for tasks with candidates")]
    [InlineData("\"masked\": {\"prompt\": [\"<mask>\"]}", "masked is only for tasks with labelled candidates")]
    [InlineData("\"texts\": [\"{q}\"]", "texts is only for tasks with labelled candidates")]
    [InlineData("\"max_new_tokens\": 0", "max_new_tokens is 0; expected 1 or more")]
    [InlineData("\"answers\": []", "answers is empty; expected at least one path")]
    [InlineData("\"answers\": \"a[].b[]\"", "answers holds \"a[].b[]\", which enters a list")]
    [InlineData("\"answers\": \"{candidate}\"", "answers names {candidate}")]
    [InlineData("\"answers\": 7", "answers is a JSON number; expected a JSON array")]
    public void Mistakes_in_such_a_task_are_refused(string member, string expected)
    {
        string answers = member.StartsWith("\"answers\"", StringComparison.Ordinal) ? "" : "\"answers\": \"a\", ";
        var e = Assert.Throws<InvalidInputException>(() => TaskDefinition.Parse(
            $$"""{"name": "n", "description": "d", "prompt": "{q}:", "answer": " {candidate}", {{answers}}{{member}}}""", "mine.json"));
        Assert.StartsWith("mine.json: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }
}
