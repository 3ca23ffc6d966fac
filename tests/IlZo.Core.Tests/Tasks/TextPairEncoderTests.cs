using System.Text;
using IlZo.Core.Tests.Tokenization;
using IlZo.Models;
using IlZo.Tasks;
using IlZo.Tokenization;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>What a classification head reads: the sequences that the reference library's tokenizers make of one text or two.</summary>
public class TextPairEncoderTests
{
    private const string Pair = """{"premise": "A cat sleeps.", "hypothesis": "The cat is awake.", "label": "contradiction"}""";

    [Fact]
    public void Roberta_puts_two_ends_between_texts_and_reads_the_first_token()
    {
        var tokenizer = TestTokenizers.Roberta();
        var encoded = new TextPairEncoder(tokenizer, readsFirst: true, 128).Encode(Rows.One("mnli", Pair));
        int[] expected = [0, .. Ids(tokenizer, "A cat sleeps."), 2, 2, .. Ids(tokenizer, "The cat is awake."), 2];
        Assert.All(encoded.Candidates, c => Assert.Equal(expected, c.Tokens));
        Assert.Equal([(0, 0), (0, 1), (0, 2)], encoded.Candidates.Select(c => c.Reading!.Value));
        Assert.Equal(0, encoded.Correct);

        var single = new TextPairEncoder(tokenizer, readsFirst: true, 128).Encode(Rows.One("sst2", """{"sentence": "fine", "label": 1}"""));
        Assert.Equal([0, .. Ids(tokenizer, "fine"), 2], single.Candidates[0].Tokens);
    }

    [Fact]
    public void Opt_begins_each_text_and_reads_the_last_token()
    {
        var tokenizer = TestTokenizers.OptFiles().With("config.json", Encoding.UTF8.GetBytes("""{"model_type": "opt"}""")).Load();
        var encoded = new TextPairEncoder(tokenizer, readsFirst: false, 128).Encode(Rows.One("mnli", Pair));
        int[] expected = [2, .. Ids(tokenizer, "A cat sleeps."), 2, .. Ids(tokenizer, "The cat is awake.")];
        Assert.Equal(expected, encoded.Candidates[0].Tokens);
        Assert.Equal((expected.Length - 1, 2), encoded.Candidates[2].Reading!.Value);
    }

    [Fact]
    public void Gpt2_puts_nothing_around_texts()
    {
        var encoded = new TextPairEncoder(TestTokenizers.Gpt2, readsFirst: false, 128).Encode(Rows.One("mnli", Pair));
        Assert.Equal(
            [.. Ids(TestTokenizers.Gpt2, "A cat sleeps."), .. Ids(TestTokenizers.Gpt2, "The cat is awake.")], encoded.Candidates[0].Tokens);
    }

    [Fact]
    public void Bert_ends_the_first_text_once_and_gives_the_second_another_type()
    {
        string vocabulary = string.Join('\n', "[PAD] [UNK] [CLS] [SEP] [MASK] a cat sleeps . the is awake".Split(' '));
        var tokenizer = new MemoryFiles().With("vocab.txt", vocabulary).With("config.json", """{"model_type": "bert"}""").Load();
        var encoded = new TextPairEncoder(tokenizer, readsFirst: true, 128, hasTypes: true).Encode(Rows.One("mnli", Pair));
        Assert.All(encoded.Candidates, c => Assert.Equal([2, 5, 6, 7, 8, 3, 9, 6, 10, 11, 8, 3], c.Tokens));
        Assert.All(encoded.Candidates, c => Assert.Equal([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1], c.Types!));
        Assert.Equal([(0, 0), (0, 1), (0, 2)], encoded.Candidates.Select(c => c.Reading!.Value));

        // Three special tokens leave room for five of nine.
        var cut = new TextPairEncoder(tokenizer, readsFirst: true, 8, hasTypes: true).Encode(Rows.One("mnli", Pair));
        Assert.Equal([2, 5, 6, 7, 3, 9, 6, 3], cut.Candidates[0].Tokens);
        Assert.Equal([0, 0, 0, 0, 0, 1, 1, 1], cut.Candidates[0].Types!);

        var single = new TextPairEncoder(tokenizer, readsFirst: true, 128, hasTypes: true).Encode(
            Rows.One("sst2", """{"sentence": "a cat", "label": 1}"""));
        Assert.Equal([2, 5, 6, 3], single.Candidates[0].Tokens);
        Assert.Null(single.Candidates[0].Types);

        // A model that does not look at types has examples without them.
        Assert.Null(new TextPairEncoder(tokenizer, readsFirst: true, 128).Encode(Rows.One("mnli", Pair)).Candidates[0].Types);
    }

    [Fact]
    public void A_type_that_the_model_does_not_have_is_refused()
    {
        using var bert = ModelLoader.Load(TestData.Path("fixtures", "forward", "bert-tiny"));
        using var roberta = ModelLoader.Load(TestData.Path("fixtures", "forward", "roberta-tiny"));
        var example = new EncodedExample([EncodedCandidate.AtToken([2, 5, 3], 0, 0) with { Types = [0, 1, 2] }], 0, "rows.jsonl:1");
        Assert.Same(example, TrainingExamples.Checked(example, roberta));
        var e = Assert.Throws<InvalidInputException>(() => TrainingExamples.Checked(example, bert));
        Assert.Contains("tokens of type 2; types below the model's 2 (type_vocab_size)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Types_are_a_part_of_what_a_run_was_made_with()
    {
        string[] hashes = [.. ((int[]?[])[null, [0, 0, 1], [0, 1, 1]]).Select(types => new TrainingExamples(
            TaskObjective.Classification,
            [new EncodedExample([EncodedCandidate.AtToken([2, 5, 3], 0, 0) with { Types = types }], 0, "rows.jsonl:1")], [], []).Sha256())];
        Assert.Equal(3, hashes.Distinct().Count());
    }

    // Six and three words; the special tokens take four places.
    [Theory]
    [InlineData(13, 6, 3)]
    [InlineData(12, 5, 3)]
    [InlineData(10, 3, 3)]
    [InlineData(9, 3, 2)]
    [InlineData(8, 2, 2)]
    [InlineData(5, 1, 0)]
    public void The_longer_text_is_cut_first(int maxLength, int first, int second)
    {
        const string row = """{"premise": "a b c d e f", "hypothesis": "x y z", "label": "neutral"}""";
        var tokenizer = TestTokenizers.Roberta();
        var encoded = new TextPairEncoder(tokenizer, readsFirst: true, maxLength).Encode(Rows.One("mnli", row));
        Assert.Equal(
            [0, .. Ids(tokenizer, "a b c d e f")[..first], 2, 2, .. Ids(tokenizer, "x y z")[..second], 2], encoded.Candidates[0].Tokens);
    }

    [Fact]
    public void Nothing_to_read_is_refused()
    {
        const string empty = """{"premise": "", "hypothesis": "", "label": "neutral"}""";
        foreach (var (row, maxLength) in ((string, int)[])[(empty, 128), (Pair, 4)])
        {
            var e = Assert.Throws<InvalidInputException>(
                () => new TextPairEncoder(TestTokenizers.Roberta(), readsFirst: true, maxLength).Encode(Rows.One("mnli", row)));
            Assert.StartsWith("rows.jsonl:1: ", e.Message, StringComparison.Ordinal);
            Assert.Contains("at least one token of text was expected", e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("boolq", """{"passage": "P.", "question": "is it", "label": true}""", "P.", "is it?")]
    [InlineData("wic", """{"word": "b", "sentence1": "A b.", "sentence2": "C b.", "label": true}""", "b : A b.", "C b.")]
    [InlineData("cb", """{"premise": "A.", "hypothesis": "B", "label": "neutral"}""", "A.", "B")]
    [InlineData("qnli", """{"question": "Who?", "sentence": "He.", "label": "entailment"}""", "Who?", "He.")]
    [InlineData("cola", """{"sentence": "He go.", "label": 0}""", "He go.")]
    public void Texts_are_those_of_the_published_protocol(string task, string row, params string[] texts)
    {
        Assert.Equal(texts, Rows.One(task, row).Texts);
        Assert.True(TaskCatalog.Load(task).HasTexts);
    }

    [Theory]
    [InlineData("[]", "texts has 0 texts; expected 1 or 2")]
    [InlineData("[\"{a}\", \"{b}\", \"{c}\"]", "texts has 3 texts")]
    [InlineData("\"{a}\"", "texts is a JSON string; expected a JSON array")]
    [InlineData("[\"{candidate}\"]", "texts[0] names {candidate}")]
    public void Mistakes_are_refused_with_their_place(string texts, string expected)
    {
        string json = $$"""
            {
              "name": "mine", "description": "One line.", "texts": {{texts}},
              "candidates": [ { "text": "no", "labels": [0] }, { "text": "yes", "labels": [1] } ], "label": "label"
            }
            """;
        var e = Assert.Throws<InvalidInputException>(() => TaskDefinition.Parse(json, "mine.json"));
        Assert.StartsWith("mine.json: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    private static int[] Ids(ITokenizer tokenizer, string text) => tokenizer.Encode(text, addSpecialTokens: false);
}
