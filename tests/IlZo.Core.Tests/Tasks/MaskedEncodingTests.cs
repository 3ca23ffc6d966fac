using IlZo.Core.Tests.Tokenization;
using IlZo.Tasks;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>
/// The built-in masked prompts through RoBERTa's own tokenizer, against the published pieces written out by hand: pieces are tokenized
/// one by one, <c>&lt;s&gt;</c> is 0, <c>&lt;/s&gt;</c> 2 and <c>&lt;mask&gt;</c> 50264.
/// </summary>
public class MaskedEncodingTests
{
    private const int Begin = 0;
    private const int End = 2;
    private const int Mask = 50264;

    private static readonly ITokenizer s_tokenizer = TestTokenizers.Roberta();

    // Ids of the label words as vocab.json has them.
    private static readonly Dictionary<string, int> s_words = new()
    {
        ["terrible"] = 6587,
        ["bad"] = 1099,
        ["okay"] = 8578,
        ["good"] = 205,
        ["great"] = 372,
        ["No"] = 440,
        ["Yes"] = 3216,
        ["Maybe"] = 5359,
        ["Description"] = 33425,
        ["Entity"] = 46718,
        ["Expression"] = 43819,
        ["Human"] = 3861,
        ["Location"] = 16287,
        ["Number"] = 12270,
        ["incorrect"] = 17401,
        ["correct"] = 4577,
        ["subjective"] = 22262,
        ["objective"] = 4554,
    };

    [Theory]
    [InlineData("sst2", """{"sentence": "a fine film . ", "label": 1}""", "a fine film . | It was|<mask>|.", "terrible great", 1)]
    [InlineData("sst5", """{"text": "a fine film .", "label": 3}""", "a fine film .| It was|<mask>|.", "terrible bad okay good great", 3)]
    [InlineData("mr", """{"text": "a fine film .", "label": 1}""", "a fine film .| It was|<mask>|.", "terrible great", 1)]
    [InlineData("cr", """{"text": "it broke .", "label": 0}""", "it broke .| It was|<mask>|.", "terrible great", 0)]
    [InlineData("mpqa", """{"text": "deep concern", "label": 0}""", "deep concern| It was|<mask>|.", "terrible great", 0)]
    [InlineData("cola", """{"sentence": "The cat sleep.", "label": 0}""", "The cat sleep.| This is|<mask>|.", "incorrect correct", 0)]
    [InlineData("subj", """{"text": "he leaves town .", "label": 1}""", "he leaves town .| This is|<mask>|.", "subjective objective", 1)]
    [InlineData(
        "trec",
        """{"text": "Who wrote Emma ?", "label": 3}""",
        "<mask>|:| Who wrote Emma ?",
        "Description Entity Expression Human Location Number",
        3)]
    [InlineData(
        "snli",
        """{"premise": "A cat sleeps.", "hypothesis": "The cat is awake.", "label": "contradiction"}""",
        "A cat sleeps|?|<mask>|,| the cat is awake.",
        "No Yes Maybe",
        0)]
    [InlineData(
        "snli",
        """{"premise": "A cat sleeps.", "hypothesis": "An animal rests.", "label": "entailment"}""",
        "A cat sleeps|?|<mask>|,| an animal rests.",
        "No Yes Maybe",
        1)]
    [InlineData(
        "mnli",
        """{"premise": "Nobody came", "hypothesis": "It rained.", "label": "neutral"}""",
        "Nobody cam|?|<mask>|,| it rained.",
        "No Yes Maybe",
        2)]
    [InlineData("rte", """{"premise": "A b.", "hypothesis": "C d.", "label": "entailment"}""", "A b|?|<mask>|,| c d.", "Yes No", 0)]
    [InlineData("rte", """{"premise": "A b.", "hypothesis": "C d.", "label": "not_entailment"}""", "A b|?|<mask>|,| c d.", "Yes No", 1)]
    [InlineData(
        "qnli",
        """{"question": "Who won?", "sentence": "Denver won.", "label": "entailment"}""",
        "Who won|?|<mask>|,| denver won.",
        "No Yes",
        1)]
    [InlineData("mrpc", """{"sentence1": "He left.", "sentence2": "He went.", "label": 1}""", "He left.|<mask>|,| he went.", "No Yes", 1)]
    [InlineData("qqp", """{"question1": "Is it?", "question2": "Was it?", "label": 0}""", "Is it?|<mask>|,| was it?", "No Yes", 0)]
    public void Prompts_are_the_published_pieces(string task, string row, string pieces, string words, int correct)
    {
        var encoded = Encode(task, row);
        int[] expected = [Begin, .. pieces.Split('|').SelectMany(Ids), End];

        Assert.All(encoded.Candidates, c => Assert.Equal(expected, c.Tokens));
        int mask = Array.IndexOf(expected, Mask);
        Assert.Equal(words.Split(' ').Select(w => (mask, s_words[w])), encoded.Candidates.Select(c => c.Reading!.Value));
        Assert.Equal(correct, encoded.Correct);
    }

    [Fact]
    public void A_prompt_has_these_ids()
    {
        // a, Ġfine, Ġfilm, the space at the end by itself, ĠIt, Ġwas, the mask, the full stop.
        var encoded = Encode("sst2", """{"sentence": "a fine film ", "label": 0}""");
        Assert.Equal([0, 102, 2051, 822, 1437, 85, 21, 50264, 4, 2], encoded.Candidates[0].Tokens);
        Assert.Equal([(7, 6587), (7, 372)], encoded.Candidates.Select(c => c.Reading!.Value));
    }

    [Fact]
    public void Words_do_not_merge_across_pieces()
    {
        // As one text "Who??" would end in the token "??".
        var encoded = Encode("snli", """{"premise": "Who?!", "hypothesis": "X.", "label": "neutral"}""");
        Assert.Equal([0, .. Ids("Who?"), .. Ids("?"), 50264, .. Ids(","), .. Ids(" x."), 2], encoded.Candidates[0].Tokens);
        Assert.NotEqual(Ids("Who??"), [.. Ids("Who?"), .. Ids("?")]);
    }

    [Theory]
    [InlineData("snli", 256, null)]
    [InlineData("mnli", 256, 240)]
    [InlineData("rte", 256, 240)]
    [InlineData("qnli", 128, null)]
    [InlineData("sst5", 128, 110)]
    [InlineData("trec", 128, 110)]
    [InlineData("sst2", 128, null)]
    public void Lengths_are_those_of_the_protocol(string task, int maxLength, int? limit)
    {
        string text = string.Join(' ', Enumerable.Repeat("w", 640));
        string fields = string.Join(
            ", ", new[] { "text", "sentence", "premise", "hypothesis", "question" }.Select(f => $"\"{f}\": \"{text}\""));
        string label = task is "sst2" or "sst5" or "trec" ? "0" : "\"entailment\"";
        string row = $$"""{ {{fields}}, "label": {{label}} }""";
        Assert.Equal(maxLength, TaskCatalog.Load(task).MaskedMaxLength);
        if (limit is null)
        {
            var e = Assert.Throws<InvalidInputException>(() => Encode(task, row));
            Assert.Contains($"of which {maxLength} are kept", e.Message, StringComparison.Ordinal);
            return;
        }

        var encoded = Encode(task, row).Candidates[0];
        int mask = encoded.Reading!.Value.Token;
        if (task == "trec")
        {
            Assert.Equal((1, 3 + limit + 1), (mask, encoded.Tokens.Length));
            Assert.Equal(End, encoded.Tokens[^1]);
        }
        else if (task == "sst5")
        {
            Assert.Equal((1 + limit + 2, 1 + limit + 2 + 3), (mask, encoded.Tokens.Length));
        }
        else
        {
            // The second sentence takes what remains, and its tail is cut off with the end.
            Assert.Equal((1 + limit + 1, maxLength), (mask, encoded.Tokens.Length));
            Assert.NotEqual(End, encoded.Tokens[^1]);
        }
    }

    [Theory]
    [InlineData("snli")]
    [InlineData("mnli")]
    [InlineData("rte")]
    [InlineData("qnli")]
    [InlineData("sst2")]
    [InlineData("sst5")]
    [InlineData("trec")]
    public void Every_published_row_has_a_prompt(string task)
    {
        string? folder = TestData.External("tasks", task);
        Assert.SkipWhen(folder is null, "ILZO_TEST_DATA is not set.");
        var definition = TaskCatalog.Load(task);
        var data = TaskData.Load(definition, folder);
        var encoder = new MaskedExampleEncoder(s_tokenizer, definition.MaskedMaxLength!.Value);
        foreach (int row in Sampling.Take(data.Train.Count, 500, 1))
        {
            var encoded = encoder.Encode(data.Train[row]);
            Assert.Equal(definition.CandidateCount, encoded.Candidates.Count);
            Assert.Equal(Mask, encoded.Candidates[0].Tokens[encoded.Candidates[0].Reading!.Value.Token]);
        }
    }

    private static EncodedExample Encode(string task, string row) =>
        new MaskedExampleEncoder(s_tokenizer, TaskCatalog.Load(task).MaskedMaxLength!.Value).Encode(Rows.One(task, row));

    private static int[] Ids(string piece) => piece == "<mask>" ? [Mask] : s_tokenizer.Encode(piece, addSpecialTokens: false);
}
