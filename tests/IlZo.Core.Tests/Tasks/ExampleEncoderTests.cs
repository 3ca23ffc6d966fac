using System.Text.RegularExpressions;
using IlZo.Tasks;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

public partial class ExampleEncoderTests
{
    [Theory]
    [InlineData("sst2", """{"sentence": "a fine film ", "label": 1}""", " terrible", " great")]
    [InlineData("sst2-sentiment", """{"sentence": "a fine film ", "label": 1}""", " negative", " positive")]
    [InlineData("rte", """{"premise": "A b.", "hypothesis": "C d.", "label": 0}""", "Yes", "No")]
    [InlineData("boolq", """{"passage": "A b.", "question": "is it", "label": true}""", "Yes", "No")]
    [InlineData("wsc", """{"text": "A b.", "span1_text": "A", "span2_text": "b", "label": true}""", "No", "Yes")]
    [InlineData("wic", """{"word": "b", "sentence1": "A b.", "sentence2": "C b.", "label": true}""", "No", "Yes")]
    [InlineData("multirc", """{"paragraph": "A.", "question": "B?", "answer": "C", "label": 0}""", "No", "Yes")]
    public void Label_words_are_one_token_that_owns_its_space(string task, string row, string first, string second)
    {
        var tokenizer = new WordTokenizer();
        var example = Rows.One(task, row);
        var encoded = new ExampleEncoder(tokenizer, 2048).Encode(example);

        Assert.Equal([1, 1], encoded.Candidates.Select(c => c.OptionLength));
        Assert.Equal([first, second], encoded.Candidates.Select(c => tokenizer.Decode(c.Option)));
        Assert.Equal(example.Verbalized, encoded.Candidates.Select(c => tokenizer.Decode(c.Tokens)));
        Assert.All(encoded.Candidates, c => Assert.Equal(WordTokenizer.Bos, c.Tokens[0]));
        Assert.Equal(example.Correct, encoded.Correct);
        Assert.Equal("rows.jsonl:1", encoded.Where);
        Assert.Same(encoded.Candidates[example.Correct], encoded.CorrectCandidate);
    }

    [Fact]
    public void The_space_at_the_end_of_copas_prompt_belongs_to_the_option()
    {
        var tokenizer = new WordTokenizer();
        const string row =
            """{"premise": "It rained.", "choice1": "Streets got wet.", "choice2": "I slept.", "question": "effect", "label": 0}""";
        var encoded = new ExampleEncoder(tokenizer, 2048).Encode(Rows.One("copa", row));

        Assert.Equal([3, 2], encoded.Candidates.Select(c => c.OptionLength));
        Assert.Equal([" streets got wet.", " I slept."], encoded.Candidates.Select(c => tokenizer.Decode(c.Option)));
    }

    [Fact]
    public void Spaces_at_the_ends_go_before_counting_and_leading_newlines_after()
    {
        var tokenizer = new WordTokenizer();
        var encoded = new ExampleEncoder(tokenizer, 100).Encode(MakeExample("  \n \nA b\n ", "  \n \nA b\nYes "));

        // The prompt "\n \nA b\n" and its answer differ by one token; the model sees no leading white space.
        var candidate = encoded.Candidates[0];
        Assert.Equal("A b\nYes", tokenizer.Decode(candidate.Tokens));
        Assert.Equal("Yes", tokenizer.Decode(candidate.Option));
    }

    [Theory]
    [InlineData(true, "</s> e It was good")]
    [InlineData(false, " d e It was good")]
    public void Too_long_prompts_lose_their_left_and_keep_BOS(bool addsBos, string expected)
    {
        var tokenizer = new WordTokenizer(addsBos);
        var encoded = new ExampleEncoder(tokenizer, 5).Encode(MakeExample("a b c d e It was", "a b c d e It was good"));

        Assert.Equal(5, encoded.Candidates[0].Tokens.Length);
        Assert.Equal(expected, tokenizer.Decode(encoded.Candidates[0].Tokens, skipSpecialTokens: false));
        Assert.Equal(" good", tokenizer.Decode(encoded.Candidates[0].Option));
    }

    [Fact]
    public void A_prompt_of_exactly_the_maximum_is_not_cut()
    {
        var tokenizer = new WordTokenizer();
        var encoded = new ExampleEncoder(tokenizer, 4).Encode(MakeExample("It was", "It was good"));
        Assert.Equal("It was good", tokenizer.Decode(encoded.Candidates[0].Tokens));
    }

    [Theory]
    [InlineData("It was", "It was", "adds no token")]
    [InlineData("It was", "It", "adds no token")]
    [InlineData("It was", "It was a b c d", "has 4 tokens and the prompt keeps none")]
    [InlineData("It was", "It was a b c d e", "has 5 tokens and the prompt keeps none")]
    public void Options_that_vanish_or_do_not_fit_are_refused(string prompt, string verbalized, string expected)
    {
        var encoder = new ExampleEncoder(new WordTokenizer(addsBos: false), 4);
        var e = Assert.Throws<InvalidInputException>(() => encoder.Encode(MakeExample(prompt, verbalized)));

        Assert.StartsWith("some.jsonl:7: candidate \"word\"", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bos_alone_is_prefix_enough()
    {
        var encoded = new ExampleEncoder(new WordTokenizer(), 4).Encode(MakeExample("It was", "It was a b c"));
        Assert.Equal((4, 3), (encoded.Candidates[0].Tokens.Length, encoded.Candidates[0].OptionLength));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Q A")]
    public void No_text_of_an_example_is_tokenized_twice(string demonstrations)
    {
        var tokenizer = new WordTokenizer();
        var example = MakeExample("It was", "It was good") with { Answers = ["good"] };
        var encoded = new ExampleEncoder(tokenizer, 100).Encode(example, demonstrations);
        Assert.Equal(tokenizer.Texts.Distinct(), tokenizer.Texts);
        Assert.EndsWith("It was", tokenizer.Decode(encoded.Prompt), StringComparison.Ordinal);
        Assert.StartsWith(tokenizer.Decode(encoded.Prompt), tokenizer.Decode(encoded.Candidates[0].Tokens), StringComparison.Ordinal);
    }

    private static Example MakeExample(string prompt, string verbalized) => new(prompt, ["word"], [verbalized], 0, "some.jsonl", 7);

    /// <summary>
    /// Splits as byte-level tokenizers do before they merge: a word owns the space in front of it, a newline is by itself.
    /// </summary>
    private sealed partial class WordTokenizer(bool addsBos = true) : ITokenizer
    {
        public const int Bos = 2;

        private readonly List<string> _pieces = ["<s>", "<pad>", "</s>"];

        public List<string> Texts { get; } = [];

        public int VocabularySize => _pieces.Count;

        public int? BosId => addsBos ? Bos : null;

        public int? EosId => Bos;

        public int[] Encode(string text, bool addSpecialTokens = true)
        {
            Texts.Add(text);
            int[] ids = [.. Pieces().Matches(text).Select(m => Id(m.Value))];
            return addsBos && addSpecialTokens ? [Bos, .. ids] : ids;
        }

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
        {
            return string.Concat(ids.ToArray().Where(id => id > 2 || !skipSpecialTokens).Select(id => _pieces[id]));
        }

        private int Id(string piece)
        {
            if (!_pieces.Contains(piece))
            {
                _pieces.Add(piece);
            }

            return _pieces.IndexOf(piece);
        }

        [GeneratedRegex(@" ?\S+|\s")]
        private static partial Regex Pieces();
    }
}
