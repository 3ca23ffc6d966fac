using System.Text;
using IlZo.Core.Tests.Tokenization;
using IlZo.Tasks;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>
/// Prompts through OPT's own tokenizer: every token of each template, and how many of them are scored. The texts are those of MeZO's
/// templates written out, so a template that differs by a space differs here.
/// </summary>
public class OptEncodingTests
{
    private static readonly Lazy<ITokenizer> s_opt = new(
        () => TestTokenizers.OptFiles().With("config.json", Encoding.UTF8.GetBytes("""{"model_type": "opt"}""")).Load());

    /// <summary>Task, row, prompt and for each candidate what is scored.</summary>
    public static TheoryData<string, string, string, string[]> Templates => new()
    {
        {
            "sst2", """{"sentence": "a gorgeous , witty , seductive movie . ", "label": 1}""",
            "a gorgeous , witty , seductive movie . It was", [" terrible", " great"]
        },
        {
            "rte", """{"premise": "Cats sleep.", "hypothesis": "Cats rest.", "label": "entailment"}""",
            "Cats sleep.\nDoes this mean that \"Cats rest.\" is true? Yes or No?\n", ["Yes", "No"]
        },
        {
            "cb", """{"premise": "He said so.", "hypothesis": "it is so", "label": "neutral"}""",
            "Suppose He said so. Can we infer that \"it is so\"? Yes, No, or Maybe?\n", ["Yes", "No", "Maybe"]
        },
        {
            "boolq", """{"passage": "Sky -- It is blue.", "question": "is the sky blue", "label": true}""",
            "Sky -- It is blue. Is the sky blue?\n", ["Yes", "No"]
        },
        {
            "wsc", """{"text": "Mark told Pete. He knew.", "target": {"span1_text": "Mark", "span2_text": "He"}, "label": false}""",
            "Mark told Pete. He knew.\nIn the previous sentence, does the pronoun \"he\" refer to Mark? Yes or No?\n", ["No", "Yes"]
        },
        {
            "wic", """{"word": "place", "sentence1": "Come to my place.", "sentence2": "No place for us.", "label": false}""",
            "Does the word \"place\" have the same meaning in these two sentences? Yes, No?\nCome to my place.\nNo place for us.\n",
            ["No", "Yes"]
        },
        {
            "multirc", """{"paragraph": "It rained.", "question": "Was it wet?", "answer": "Very", "label": 1}""",
            "It rained.\nQuestion: Was it wet?\nI found this answer \"Very\". Is that correct? Yes or No?\n", ["No", "Yes"]
        },
        {
            "copa",
            """{"premise": "It rained.", "choice1": "The street got wet.", "choice2": "I slept.", "question": "effect", "label": 0}""",
            "It rained so", [" the street got wet.", " I slept."]
        },
        {
            "copa",
            """{"premise": "The street got wet.", "choice1": "It rained.", "choice2": "I slept.", "question": "cause", "label": 0}""",
            "The street got wet because", [" it rained.", " I slept."]
        },
        {
            "record", """{"passage": "Ann met Bo.\n@highlight\nAnn won", "query": "Sad @placeholder lost", "entities": ["Ann", "Bo"], "answers": ["Bo"]}""",
            "Ann met Bo.\n- Ann won\n-", [" Sad Ann lost", " Sad Bo lost"]
        },
        {
            "squad",
            """{"title": "Rain", "context": "It fell in May.", "question": "When did it fall?", "answers": {"text": ["in May", "May"]}}""",
            "Title: Rain\nContext: It fell in May.\nQuestion: When did it fall?\nAnswer:", [" in May\n"]
        },
        {
            "drop", """{"passage": "They ran 3 miles.", "question": "How far?", "answers_spans": {"spans": ["3"]}}""",
            "Passage: They ran 3 miles.\nQuestion: How far?\nAnswer:", [" 3\n"]
        },
    };

    [Theory]
    [MemberData(nameof(Templates))]
    public void Every_token_and_option_length_follows_from_the_written_template(string task, string row, string prompt, string[] options)
    {
        var opt = s_opt.Value;
        var encoded = new ExampleEncoder(opt, 2048).Encode(Rows.One(task, row));

        Assert.Equal([.. options.Select(option => opt.Encode(prompt + option))], encoded.Candidates.Select(c => c.Tokens));
        Assert.Equal(options.Select(option => opt.Encode(prompt + option).Length - opt.Encode(prompt).Length), encoded.Candidates.Select(
            c => c.OptionLength));
        Assert.Equal(options, encoded.Candidates.Select(c => opt.Decode(c.Option)));
        Assert.All(encoded.Candidates, c => Assert.Equal(2, c.Tokens[0]));
        Assert.DoesNotContain(2, encoded.Candidates.SelectMany(c => c.Tokens[1..]));
        Assert.Equal(encoded.Answers.Count > 0 ? opt.Encode(prompt) : [], encoded.Prompt);
        Assert.False(encoded.Truncated);
    }

    // The ids of vocab.json: " terrible" 6587, " great" 372, "Yes" 9904, "No" 3084, "Maybe" 14541.
    [Theory]
    [InlineData("sst2", 6587, 372)]
    [InlineData("rte", 9904, 3084)]
    [InlineData("cb", 9904, 3084, 14541)]
    [InlineData("boolq", 9904, 3084)]
    [InlineData("wsc", 3084, 9904)]
    [InlineData("wic", 3084, 9904)]
    [InlineData("multirc", 3084, 9904)]
    public void Label_words_are_single_tokens(string task, params int[] ids)
    {
        string row = Templates.Select(t => t.Data).First(t => t.Item1 == task).Item2;
        var encoded = new ExampleEncoder(s_opt.Value, 2048).Encode(Rows.One(task, row));
        Assert.All(encoded.Candidates, c => Assert.Equal(1, c.OptionLength));
        Assert.Equal(ids, encoded.Candidates.Select(c => c.Tokens[^1]));
    }

    [Fact]
    public void A_generated_answer_is_trained_with_its_newline_as_the_last_token()
    {
        string row = Templates.Select(t => t.Data).First(t => t.Item1 == "squad").Item2;
        var encoded = new ExampleEncoder(s_opt.Value, 2048).Encode(Rows.One("squad", row));
        Assert.Equal(3, encoded.CorrectCandidate.OptionLength);
        Assert.Equal(50118, encoded.CorrectCandidate.Tokens[^1]);
        Assert.Equal(encoded.Prompt, encoded.CorrectCandidate.Tokens[..^3]);
    }

    [Theory]
    [InlineData("sst2", "It was", " terrible", " great")]
    [InlineData("rte", "", "Yes", "No")]
    [InlineData("cb", "", "Yes", "No", "Maybe")]
    [InlineData("boolq", "", "Yes", "No")]
    [InlineData("wsc", "", "No", "Yes")]
    [InlineData("wic", "", "No", "Yes")]
    [InlineData("multirc", "", "No", "Yes")]
    [InlineData("copa", "so", " the street got wet.", " I slept.")]
    [InlineData("record", "-", " Sad Ann lost", " Sad Bo lost")]
    public void Prompts_without_content_are_those_of_MeZOs_calibration(string task, string prompt, params string[] options)
    {
        var opt = s_opt.Value;
        string row = Templates.Select(t => t.Data).First(t => t.Item1 == task).Item2;
        var encoded = new ExampleEncoder(opt, 2048).Encode(Rows.Read(TaskCatalog.Load(task), row).ContentFree(0));
        Assert.Equal([.. options.Select(option => opt.Encode(prompt + option))], encoded.Candidates.Select(c => c.Tokens));
        Assert.Equal(options, encoded.Candidates.Select(c => opt.Decode(c.Option)));
    }

    [Fact]
    public void Demonstrations_stand_before_the_prompt_with_a_blank_line_between()
    {
        var opt = s_opt.Value;
        var rows = Rows.Read(
            TaskCatalog.Load("sst2"), """{"sentence": "good", "label": 1}""", """{"sentence": "bad", "label": 0}""",
            """{"sentence": "fine", "label": 1}""");

        // RandomState(0).permutation(3) is 2, 1, 0.
        string demonstrations = Demonstrations.Shared(rows, 2, 0);
        Assert.Equal("fine It was great\n\nbad It was terrible", demonstrations);
        var encoded = new ExampleEncoder(opt, 2048).Encode(rows[0], demonstrations);
        Assert.Equal(opt.Encode("fine It was great\n\nbad It was terrible\n\ngood It was great"), encoded.CorrectCandidate.Tokens);
        Assert.Equal(1, encoded.CorrectCandidate.OptionLength);

        // What does not fit goes from the left, and the demonstrations with it.
        var cut = new ExampleEncoder(opt, 8).Encode(rows[0], demonstrations);
        Assert.Equal([2, .. encoded.CorrectCandidate.Tokens[^7..]], cut.CorrectCandidate.Tokens);
        Assert.True(cut.Truncated);
    }

    [Fact]
    public void Demonstrations_of_a_generated_answer_lose_its_newline_to_the_blank_line()
    {
        string row = Templates.Select(t => t.Data).First(t => t.Item1 == "drop").Item2;
        var rows = Rows.Read(TaskCatalog.Load("drop"), row);
        var encoded = new ExampleEncoder(s_opt.Value, 2048).Encode(rows[0], Demonstrations.Shared(rows, 1, 0));
        const string prompt = "Passage: They ran 3 miles.\nQuestion: How far?\nAnswer:";
        Assert.Equal(s_opt.Value.Encode($"{prompt} 3\n\n{prompt}"), encoded.Prompt);
        Assert.Equal(s_opt.Value.Encode($"{prompt} 3\n\n{prompt} 3\n"), encoded.CorrectCandidate.Tokens);
    }

    // numpy.random.RandomState(0).randint(0, 10000, 6), as MeZO seeds each test example's own demonstrations.
    [Fact]
    public void Own_demonstrations_come_from_the_seeds_that_NumPy_draws()
    {
        var rows = Rows.Read(
            TaskCatalog.Load("sst2"), [.. Enumerable.Range(0, 100).Select(i => $$"""{"sentence": "row {{i}}", "label": 1}""")]);
        uint[] seeds = [2732, 9845, 3264, 4859, 9225, 7891];
        Assert.Equal(seeds.Select(seed => Demonstrations.Shared(rows, 4, seed)), Demonstrations.PerExample(rows, 4, 0, 6));
        Assert.Equal(6, Demonstrations.PerExample(rows, 4, 0, 6).Distinct().Count());
    }
}
