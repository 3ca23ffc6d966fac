using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>The built-in templates, byte for byte: MeZO's table, written out by hand on small rows.</summary>
public class BuiltInTemplateTests
{
    [Theory]
    [InlineData("sst2", """{"sentence": "a gorgeous , witty , seductive movie . ", "label": 1}""",
        "a gorgeous , witty , seductive movie . It was", " terrible", " great", 1)]
    [InlineData("sst2-sentiment", """{"sentence": " dull ", "label": 0}""",
        "dull Sentiment:", " negative", " positive", 0)]
    [InlineData("rte", """{"premise": "A cat sleeps.", "hypothesis": "A cat is awake.", "label": "not_entailment", "idx": 3}""",
        "A cat sleeps.\nDoes this mean that \"A cat is awake.\" is true? Yes or No?\n", "Yes", "No", 1)]
    [InlineData("rte", """{"premise": "p", "hypothesis": "h", "label": 0}""",
        "p\nDoes this mean that \"h\" is true? Yes or No?\n", "Yes", "No", 0)]
    [InlineData("boolq", """{"question": "is the sky blue", "passage": "Sky -- The sky is blue.", "label": true}""",
        "Sky -- The sky is blue. Is the sky blue?\n", "Yes", "No", 0)]
    [InlineData("boolq", """{"question": "Is it?", "passage": "It is not.", "answer": false}""",
        "It is not. Is it?\n", "Yes", "No", 1)]
    [InlineData("wsc", """{"text": "Mark told Pete. He knew.", "target": {"span1_text": "Mark", "span2_text": "He"}, "label": false}""",
        "Mark told Pete. He knew.\nIn the previous sentence, does the pronoun \"he\" refer to Mark? Yes or No?\n", "No", "Yes", 0)]
    [InlineData("wsc", """{"text": "Mark told Pete. He knew.", "span1_text": "Pete", "span2_text": "He", "label": 1}""",
        "Mark told Pete. He knew.\nIn the previous sentence, does the pronoun \"he\" refer to Pete? Yes or No?\n", "No", "Yes", 1)]
    [InlineData("wic", """{"word": "place", "sentence1": "Come to my place.", "sentence2": "No place for us.", "label": false}""",
        "Does the word \"place\" have the same meaning in these two sentences? Yes, No?\nCome to my place.\nNo place for us.\n", "No",
        "Yes", 0)]
    [InlineData("multirc", """{"paragraph": "P.", "question": "Q?", "answer": "A", "label": 1}""",
        "P.\nQuestion: Q?\nI found this answer \"A\". Is that correct? Yes or No?\n", "No", "Yes", 1)]
    [InlineData("copa", """{"premise": "It rained.", "choice1": "The street got wet.", "choice2": "I slept.", "question": "effect", "label": 0}""",
        "It rained so ", "the street got wet.", "I slept.", 0)]
    [InlineData("copa", """{"premise": "It rained. ", "choice1": "JOHN danced.", "choice2": "I'm sad.", "question": "cause", "label": 1}""",
        "It rained because ", "john danced.", "i'm sad.", 1)]
    [InlineData("copa", """{"premise": "Did it rain?", "choice1": "A b.", "choice2": "C d.", "question": "cause", "label": 1}""",
        "Did it rain? because ", "a b.", "c d.", 1)]
    public void Templates_with_two_answers(string task, string row, string prompt, string first, string second, int correct)
    {
        var example = Rows.One(task, row);

        Assert.Equal(prompt, example.Prompt);
        Assert.Equal([prompt + first, prompt + second], example.Verbalized);
        Assert.Equal([first.TrimStart(), second.TrimStart()], example.Candidates);
        Assert.Equal(correct, example.Correct);
        Assert.Equal("rows.jsonl:1", example.Where);
    }

    [Theory]
    [InlineData("\"entailment\"", 0)]
    [InlineData("\"contradiction\"", 1)]
    [InlineData("\"neutral\"", 2)]
    [InlineData("0", 0)]
    [InlineData("1", 1)]
    [InlineData("2", 2)]
    public void Cb_has_three_answers(string label, int correct)
    {
        var example = Rows.One("cb", $$"""{"premise": "He left.", "hypothesis": "he left", "label": {{label}}}""");

        Assert.Equal("Suppose He left. Can we infer that \"he left\"? Yes, No, or Maybe?\n", example.Prompt);
        Assert.Equal([example.Prompt + "Yes", example.Prompt + "No", example.Prompt + "Maybe"], example.Verbalized);
        Assert.Equal(correct, example.Correct);
    }

    [Fact]
    public void Multirc_makes_an_example_of_every_answer()
    {
        const string row = """
            {"idx": 0, "passage": {"text": "P.", "questions": [
              {"question": "Q1?", "answers": [{"text": "A", "label": 0}, {"text": "B", "label": 1}]},
              {"question": "none", "answers": []},
              {"question": "Q2?", "answers": [{"text": "C", "label": 1}]}]}}
            """;
        var examples = Rows.Read(
            TaskCatalog.Load("multirc"), "", row.Replace('\n', ' '), """{"passage": {"text": "R.", "questions": []}}""");

        Assert.Equal(3, examples.Count);
        Assert.Equal(
            [
                "P.\nQuestion: Q1?\nI found this answer \"A\". Is that correct? Yes or No?\nNo",
                "P.\nQuestion: Q1?\nI found this answer \"B\". Is that correct? Yes or No?\nYes",
                "P.\nQuestion: Q2?\nI found this answer \"C\". Is that correct? Yes or No?\nYes",
            ],
            examples.Select(e => e.Verbalized[e.Correct]));
        Assert.All(examples, e => Assert.Equal(2, e.Line));
    }

    [Fact]
    public void Catalog_lists_every_task_with_its_settings()
    {
        string[] generated = ["squad", "drop"];
        string[] onAnswers = ["copa", "record", .. generated];
        string[] masked = ["sst5", "mr", "cr", "mpqa", "subj", "trec", "cola", "mrpc", "qqp", "snli", "mnli", "qnli"];
        Assert.Equal(["sst2", "sst2-sentiment", "rte", "cb", "boolq", "wsc", "wic", "multirc", .. onAnswers, .. masked], TaskCatalog.Names);
        Assert.All(TaskCatalog.All, d => Assert.Equal(!masked.Contains(d.Name), d.HasCausalPrompt));
        Assert.All(TaskCatalog.All, d => Assert.Equal(d.Name is "sst2" or "rte" || masked.Contains(d.Name), d.MaskedMaxLength is not null));
        Assert.Equal(TaskCatalog.Names, TaskCatalog.All.Select(d => d.Name));
        Assert.All(TaskCatalog.All, d => Assert.InRange(d.Description.Length, 10, 120));
        Assert.All(TaskCatalog.All, d => Assert.Equal(d.Name is "cb" or "copa" ? 100 : 500, d.DevExamples));
        Assert.Equal(onAnswers, TaskCatalog.All.Where(d => d.Objective == TaskObjective.LanguageModel).Select(d => d.Name));
        Assert.Equal(generated, TaskCatalog.All.Where(d => d.Metric == TokenF1.Instance).Select(d => d.Name));
        Assert.All(TaskCatalog.All, d => Assert.Equal(generated.Contains(d.Name) ? 50 : 0, d.MaxNewTokens));
        Assert.All(TaskCatalog.All, d => Assert.Equal(d.HasCausalPrompt && !generated.Contains(d.Name), d.HasContentFree));
        Assert.All(TaskCatalog.All, d => Assert.Equal(
            d.Name switch { "cb" or "snli" or "mnli" => 3, "sst5" => 5, "trec" => 6, "record" => 0, "squad" or "drop" => 1, _ => 2 },
            d.CandidateCount));
        Assert.All(TaskCatalog.All, d => Assert.Equal(onAnswers.Contains(d.Name) ? 0 : d.CandidateCount, d.ClassNames.Count));
        Assert.Equal(["sst2", "sst2-sentiment"], TaskCatalog.All.Where(d => d.Sample != null).Select(d => d.Name));
    }

    [Fact]
    public void Unknown_names_are_refused_with_the_known_ones()
    {
        var e = Assert.Throws<InvalidInputException>(() => TaskCatalog.Load("sst3"));
        Assert.Contains("\"sst3\"", e.Message, StringComparison.Ordinal);
        Assert.Contains(string.Join(", ", TaskCatalog.Names), e.Message, StringComparison.Ordinal);

        e = Assert.Throws<InvalidInputException>(() => TaskCatalog.Load("no/such/task.json"));
        Assert.StartsWith("no/such/task.json: no such file; expected", e.Message, StringComparison.Ordinal);
    }
}
