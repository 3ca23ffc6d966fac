using System.Text.Json.Nodes;
using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

public class TaskDefinitionTests
{
    private const string Minimal = """
        {
          "name": "mine",
          "description": "One line.",
          "prompt": "{text}",
          "answer": " {candidate}",
          "candidates": [ { "text": "no", "labels": [0] }, { "text": "yes", "labels": [1] } ],
          "label": "label"
        }
        """;

    [Fact]
    public void Optional_keys_have_defaults()
    {
        var task = TaskDefinition.Parse(Minimal, "mine.json");

        Assert.Equal("mine", task.Name);
        Assert.Equal("One line.", task.Description);
        Assert.Equal(TaskObjective.Classification, task.Objective);
        Assert.Equal(Accuracy.OfCandidates, task.Metric);
        Assert.Equal(500, task.DevExamples);
        Assert.Equal(2, task.CandidateCount);
        Assert.Null(task.Sample);
    }

    [Theory]
    [InlineData("{{text}} {text}", "{text} abc. ")]
    [InlineData("}}{{{text|strip}}}", "}{abc.}")]
    [InlineData("{text|drop_final_period|capitalize}!", "Abc!")]
    [InlineData("{n} {yes} {e}", "1.50 true 1e3")]
    [InlineData("{nested.deep.text|lower}", "äö x", "ÄÖ X")]
    [InlineData("{nested.deep.text|lower_first_word}", "one TWO", "ONE TWO")]
    [InlineData("{nested.deep.text|lower_first_word}", "I AM", "I AM")]
    [InlineData("{nested.deep.text|capitalize}", "", "")]
    [InlineData("{nested.deep.text|capitalize}", "😀a", "😀a")]
    [InlineData("{nested.deep.text|ensure_question_mark}", "?", "")]
    [InlineData("{nested.deep.text|drop_final_period}", "a..", "a...")]
    [InlineData("{nested.deep.text|strip}", "a b", "\n\ta b \u00a0")]
    public void Templates_fill_in_fields(string template, string expected, string deep = "")
    {
        var row = new JsonObject
        {
            ["text"] = "abc. ",
            ["n"] = JsonNode.Parse("1.50"),
            ["e"] = JsonNode.Parse("1e3"),
            ["yes"] = true,
            ["nested"] = new JsonObject { ["deep"] = new JsonObject { ["text"] = deep } },
            ["label"] = 0,
        };
        var task = TaskDefinition.Parse(With("prompt", JsonValue.Create(template)), "mine.json");

        Assert.Equal(expected, Rows.Read(task, row.ToJsonString())[0].Prompt);
    }

    [Theory]
    [InlineData("prompt", "\"{text\"", "prompt, character 1: unbalanced '{'")]
    [InlineData("prompt", "\"a } b\"", "prompt, character 3: unbalanced '}'")]
    [InlineData("prompt", "\"{te{xt}\"", "prompt, character 1: unbalanced '{'")]
    [InlineData("prompt", "\"{}\"", "prompt holds \"\", which is not a field")]
    [InlineData("prompt", "\"{ text}\"", "prompt holds \" text\", which is not a field")]
    [InlineData("prompt", "\"{a..b}\"", "prompt holds \"a..b\", which is not a field")]
    [InlineData("prompt", "\"{a[].b}\"", "prompt holds \"a[].b\", which enters a list")]
    [InlineData("prompt", "\"{text|upper}\"", "\"upper\" in {text|upper} is not a known filter; expected one of capitalize, ")]
    [InlineData("prompt", "\"{text|}\"", "\"\" in {text|} is not a known filter")]
    [InlineData("prompt", "\"{candidate}\"", "prompt names {candidate}")]
    [InlineData("prompt", "7", "prompt is a JSON number; expected a JSON object")]
    [InlineData("prompt", """{"by": "q"}""", "prompt has no \"cases\"")]
    [InlineData("prompt", """{"by": "q", "cases": {}}""", "prompt.cases is empty")]
    [InlineData("prompt", """{"by": "q", "cases": {"a": "{"}}""", "prompt.cases.a, character 1: unbalanced '{'")]
    [InlineData("prompt", """{"by": "q", "cases": {"a": "x"}, "default": "y"}""", "prompt.default is not a known key")]
    [InlineData("answer", "\" yes\"", "answer does not name {candidate}")]
    [InlineData("candidates", "[]", "candidates has 0 candidates; expected at least 2")]
    [InlineData("candidates", """[{"text": "a", "labels": [0]}]""", "candidates has 1 candidates")]
    [InlineData(
        "candidates",
        """[{"text": "a", "labels": [0]}, {"text": "a", "labels": [1]}]""",
        "candidates[1].text is empty or the text of an earlier")]
    [InlineData("candidates", """[{"text": "", "labels": [0]}, {"text": "a", "labels": [1]}]""", "candidates[0].text is empty")]
    [InlineData(
        "candidates",
        """[{"text": "a", "labels": [0]}, {"text": "b", "labels": [0]}]""",
        "candidates[1].labels[0] is 0 for the second time")]
    [InlineData(
        "candidates",
        """[{"text": "a", "labels": [1, 1.0]}, {"text": "b", "labels": [0]}]""",
        "candidates[0].labels[1] is 1 for the second time")]
    [InlineData("candidates", """[{"text": "a", "labels": []}, {"text": "b", "labels": [0]}]""", "candidates[0].labels is empty")]
    [InlineData(
        "candidates", """[{"text": "a", "labels": [null]}, {"text": "b", "labels": [0]}]""", "candidates[0].labels[0] cannot be a label")]
    [InlineData("candidates", """[{"text": "a", "label": 0}]""", "candidates[0].label is not a known key; expected one of text, labels")]
    [InlineData("candidates", """{"a": 0}""", "candidates.a is not a known key; expected one of texts, spans_of")]
    [InlineData("candidates", "7", "candidates is neither a list of candidates nor an object with texts")]
    [InlineData("candidates", """{"texts": "list[]"}""", "has no \"answers\"")]
    [InlineData("answers", "\"gold\"", "answers is only for tasks without labelled candidates")]
    [InlineData("max_new_tokens", "20", "max_new_tokens is only for tasks whose answer is generated")]
    [InlineData("content_free", "\"{candidate}\"", "content_free names {candidate}")]
    [InlineData("fields", """{"x": {"path": "a"}}""", "fields.x has no \"replace\"")]
    [InlineData("fields", """{"x": {"path": [], "replace": {}}}""", "fields.x.path is empty")]
    [InlineData("fields", """{"x": {"path": "a", "replace": {"": "b"}}}""", "fields.x.replace. stands in place of an empty text")]
    [InlineData("fields", """{"x": {"path": "a", "replace": {"b": "{c}"}}}""", "fields.x.replace.b names the field {c}")]
    [InlineData("fields", """{"text": {"path": "a", "replace": {"b": "{candidate}"}}}""", "prompt names {candidate}")]
    [InlineData("label", "0", "label is a JSON number; expected text")]
    [InlineData("label", "\"\"", "label holds \"\", which is not a field")]
    [InlineData("name", "\"a b\"", "name is not a name")]
    [InlineData("name", "\"\"", "name is not a name")]
    [InlineData("objective", "\"regression\"", "objective is \"regression\"; expected \"classification\" or \"language-model\"")]
    [InlineData("metric", "\"f1\"", "metric is \"f1\"; expected \"accuracy\"")]
    [InlineData("dev", "-1", "dev is a JSON number; expected a whole number")]
    [InlineData("dev", "1.5", "dev is a JSON number; expected a whole number")]
    [InlineData("sample", "\"rte\"", "sample is \"rte\"; expected \"sst2\"")]
    [InlineData("each", "\"a.b\"", "each is not a path to the elements of a list")]
    [InlineData("each", "\"a[].b\"", "each is not a path to the elements of a list")]
    [InlineData("fields", """{"x": []}""", "fields.x is empty")]
    [InlineData("fields", """{"x": ["a", 3]}""", "fields.x[1] is a JSON number; expected text")]
    [InlineData("fields", """{"candidate": "a"}""", "fields.candidate cannot be the name of a field")]
    [InlineData("fields", """{"x": "a[].b"}""", "fields.x holds \"a[].b\", which enters a list")]
    [InlineData("promt", "\"{text}\"", "promt is not a known key; expected one of name, description, ")]
    public void Mistakes_are_refused_with_their_place(string key, string value, string expected)
    {
        string json = With(key, JsonNode.Parse(value));
        var e = Assert.Throws<InvalidInputException>(() => TaskDefinition.Parse(json, "mine.json"));

        Assert.StartsWith("mine.json: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains("expected", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name")]
    [InlineData("description")]
    [InlineData("prompt")]
    [InlineData("answer")]
    [InlineData("candidates")]
    [InlineData("label")]
    public void Required_keys_are_required(string key)
    {
        var node = JsonNode.Parse(Minimal)!.AsObject();
        node.Remove(key);
        var e = Assert.Throws<InvalidInputException>(() => TaskDefinition.Parse(node.ToJsonString(), "mine.json"));
        Assert.StartsWith($"mine.json: has no \"{key}\"; expected ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "mine.json:1: is not valid JSON")]
    [InlineData("{\n\"name\": \"a\",\n oops }", "mine.json:3: is not valid JSON")]
    [InlineData("{\"name\": \"a\", \"name\": \"b\"}", "mine.json:1: is not valid JSON (The property 'name' appears twice)")]
    [InlineData("[]", "mine.json: is a JSON array; expected a JSON object")]
    [InlineData("{\"\\ud800\": 1}", "mine.json: is not Unicode text")]
    [InlineData("{\"name\": \"\\ud800\"}", "mine.json: is not Unicode text")]
    public void Broken_files_are_refused(string json, string expected)
    {
        var e = Assert.Throws<InvalidInputException>(() => TaskDefinition.Parse(json, "mine.json"));
        Assert.StartsWith(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_may_begin_with_a_byte_order_mark_and_must_be_UTF_8()
    {
        using var folder = new TemporaryFolder();
        string good = folder.Write("good.json", "\uFEFF" + Minimal);
        Assert.Equal("mine", TaskCatalog.Load(good).Name);

        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(Minimal);
        bytes[Minimal.IndexOf("One", StringComparison.Ordinal)] = 0xff;
        string bad = folder.Write("bad.json", bytes);
        var e = Assert.Throws<InvalidInputException>(() => TaskCatalog.Load(bad));
        Assert.StartsWith(bad, e.Message, StringComparison.Ordinal);
        Assert.Contains("UTF-8", e.Message, StringComparison.Ordinal);
    }

    private static string With(string key, JsonNode? value)
    {
        var node = JsonNode.Parse(Minimal)!.AsObject();
        node[key] = value;
        return node.ToJsonString();
    }
}
