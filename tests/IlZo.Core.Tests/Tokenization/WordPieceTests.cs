using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

/// <summary>BERT's tokenizer on a vocabulary that is small enough to work out by hand.</summary>
public class WordPieceTests
{
    private static readonly string[] s_vocabulary =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "##able", "##a", "ab", "cafe", "caf", "##e", "école", "ecole", "!",
        ".", "'", "北", "京", "i", "##s", "dog", "$", "Dog", "##\u0307", "σ", "ς", "##σ", "it",
    ];

    private const string Template = """
        {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
         "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                  {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
         "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}}
        """;

    public static TheoryData<string> Files => ["tokenizer.json", "vocab.txt"];

    [Theory]
    [InlineData("unaffable", "un ##aff ##able")]
    [InlineData("unaffably", "[UNK]")]
    [InlineData("UNAFFABLE!", "un ##aff ##able !")]
    [InlineData("Café cafe\u0301", "cafe cafe")]
    [InlineData("ÉCOLE", "ecole")]
    [InlineData("abab ab", "[UNK] ab")]
    [InlineData("a\u0000b \u200Ba\uFFFDb a\u00ADb", "ab ab ab")]
    [InlineData("dog\u00A0dog\u3000dog\u2028dog\tdog\rdog", "dog dog dog dog dog dog")]
    [InlineData("北京dog", "北 京 dog")]
    [InlineData("dog's", "dog ' [UNK]")]
    [InlineData("dog.$!dog", "dog . $ ! dog")]
    [InlineData("İs", "i ##s")]
    [InlineData("ΣΣ", "σ ##σ")]
    [InlineData("\uD800dog \uDC00", "dog")]
    [InlineData("", "")]
    [InlineData(" \t", "")]
    [InlineData("[MASK]", "[UNK] [UNK] [UNK]")]
    public void Words_are_the_longest_tokens_one_after_another(string text, string pieces)
    {
        foreach (string file in Files.Select(f => f.Data))
        {
            var tokenizer = Of(file);
            Assert.Equal(
                pieces.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                tokenizer.Encode(text, addSpecialTokens: false).Select(id => tokenizer.Piece(id)));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_text_stands_between_CLS_and_SEP_and_a_second_one_has_another_type(string file)
    {
        var tokenizer = Of(file);
        Assert.Equal((2, 3, 4, s_vocabulary.Length), (tokenizer.BosId, tokenizer.EosId, tokenizer.MaskId, tokenizer.VocabularySize));
        Assert.Equal([2, 22, 3], tokenizer.Encode("dog"));
        Assert.Equal([2, 22, 4, 3], tokenizer.EncodeMarkup("dog [MASK]", addSpecialTokens: true));
        var (ids, types) = tokenizer.Pair.Around([22, 22], [9]);
        Assert.Equal([2, 22, 22, 3, 9, 3], ids);
        Assert.Equal([0, 0, 0, 0, 1, 1], types);
    }

    [Fact]
    public void BertProcessing_is_the_template_of_BERT()
    {
        var tokenizer = Json().Edit(root => root["post_processor"] = JsonNode.Parse(
            """{"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}""")).Load();
        Assert.Equal([2, 22, 3], tokenizer.Encode("dog"));
        Assert.Equal([0, 0, 0, 1, 1], tokenizer.Pair.Around([22], [9]).Types);
    }

    [Theory]
    [InlineData("do_lower_case", "false", "Dog École", "Dog [UNK]")]
    [InlineData("strip_accents", "false", "ÉCOLE dog", "école dog")]
    [InlineData("strip_accents", "true", "Dog École", "dog ecole")]
    [InlineData("tokenize_chinese_chars", "false", "北京", "[UNK]")]
    [InlineData("do_basic_tokenize", "false", "Dog dog", "Dog dog")]
    [InlineData("strip_accents", "false", "İ", "i ##\u0307")]
    public void A_vocabulary_alone_is_read_as_its_configuration_says(string field, string value, string text, string pieces)
    {
        var tokenizer = Text().With(
            "tokenizer_config.json", $$"""{"tokenizer_class": "BertTokenizer", "{{field}}": {{value}}}""").Load();
        Assert.Equal(pieces.Split(' '), tokenizer.Encode(text, addSpecialTokens: false).Select(id => tokenizer.Piece(id)));
    }

    [Fact]
    public void Words_beyond_the_longest_are_unknown_counted_in_characters()
    {
        string[] vocabulary = ["[UNK]", "a", "##a", "\U00010400", "##\U00010428", "\U00010428"];
        var tokenizer = Json(vocabulary).Edit(root =>
        {
            root["model"]!["max_input_chars_per_word"] = 3;
            root.Remove("post_processor");
        }).Load();
        Assert.Equal([1, 2, 2], tokenizer.Encode("aaa"));
        Assert.Equal([0], tokenizer.Encode("aaaa"));
        Assert.Equal([5, 4, 4], tokenizer.Encode("\U00010400\U00010400\U00010400"));
        Assert.Equal([0], tokenizer.Encode("\U00010400\U00010400\U00010400\U00010400"));
    }

    [Theory]
    [InlineData(new[] { 2, 5, 6, 7, 15, 3 }, "unaffable!")]
    [InlineData(new[] { 29, 17, 21, 16 }, "it's.")]
    [InlineData(new[] { 6, 5 }, "##aff un")]
    public void Tokens_are_joined_into_words_and_spaces_before_punctuation_go(int[] ids, string text)
    {
        // An apostrophe and an s are one word to the reference only where they are one token.
        Assert.Equal(text.Replace("it's", "it 's", StringComparison.Ordinal), Of("vocab.txt").Decode(ids));
        Assert.Equal(Of("vocab.txt").Decode(ids), Of("tokenizer.json").Decode(ids));
    }

    [Fact]
    public void An_empty_line_of_a_vocabulary_is_a_number_without_a_token()
    {
        var tokenizer = Text("[UNK]", "", "a", "[CLS]", "[SEP]").Load();
        Assert.Equal([3, 2, 4], tokenizer.Encode("a"));
        Assert.Null(tokenizer.Piece(1));
        Assert.Equal(5, tokenizer.VocabularySize);
    }

    [Theory]
    [InlineData("unk_token", "\"<unk>\"", "'<unk>' is not in the vocabulary")]
    [InlineData("unk_token", "null", "'unk_token' is missing")]
    [InlineData("max_input_chars_per_word", "1001", "1001 is not between 0 and 1000")]
    [InlineData("max_input_chars_per_word", "-1", "-1 is not between")]
    [InlineData("merges", "[]", "model.merges")]
    [InlineData("continuing_subword_prefix", "1", "model.continuing_subword_prefix")]
    public void Mistakes_of_a_model_are_refused_by_name(string field, string value, string message) => Assert.Contains(
        message, Json().Edit(root => root["model"]![field] = JsonNode.Parse(value)).Refusal(), StringComparison.Ordinal);

    [Fact]
    public void Mistakes_of_a_vocabulary_are_refused_with_the_line()
    {
        Assert.Contains("vocab.txt, line 3: the token 'a' stands twice", Text("[UNK]", "a", "a").Refusal(), StringComparison.Ordinal);
        Assert.Contains("the token '[UNK]' is missing", Text("a").Refusal(), StringComparison.Ordinal);
        Assert.Contains("not UTF-8", Text("a").With("vocab.txt", [0x5B, 0xFF]).Refusal(), StringComparison.Ordinal);
        Assert.Contains(
            "how tokenizer_class 'BertJapaneseTokenizer' cuts words is not known for vocab.txt",
            Text().With("tokenizer_config.json", """{"tokenizer_class": "BertJapaneseTokenizer"}""").Refusal(), StringComparison.Ordinal);
    }

    // An added token of nothing but control characters normalizes to nothing, and is found nowhere.
    [Fact]
    public void An_added_token_that_normalizes_to_nothing_is_never_found()
    {
        var tokenizer = Json().Edit(root => root["added_tokens"]!.AsArray().Add(JsonNode.Parse(
            """{"id": 30, "content": "\u0001", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}""")))
            .Load();
        Assert.Equal([2, 22, 3], tokenizer.Encode("\u0001dog"));
    }

    [Fact]
    public void Files_without_a_type_are_WordPiece_by_their_longest_word() =>
        Assert.Equal([2, 22, 3], Json().Edit(root => root["model"]!.AsObject().Remove("type")).Load().Encode("dog"));

    private static ITokenizer Of(string file) => (file == "vocab.txt" ? Text() : Json()).Load();

    private static MemoryFiles Text(params string[] vocabulary) => new MemoryFiles()
        .With("vocab.txt", string.Join("\r\n", vocabulary.Length > 0 ? vocabulary : s_vocabulary) + "\r\n")
        .With("config.json", """{"model_type": "bert"}""");

    private static MemoryFiles Json(params string[] vocabulary)
    {
        string[] tokens = vocabulary.Length > 0 ? vocabulary : s_vocabulary;
        var special = tokens.Index().Where(t => t.Item.StartsWith('[')).Select(t => (JsonNode?)JsonNode.Parse(
            $$"""{"id": {{t.Index}}, "content": "{{t.Item}}", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}"""));
        var root = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. special]),
            ["normalizer"] = JsonNode.Parse(
                """{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}"""),
            ["pre_tokenizer"] = JsonNode.Parse("""{"type": "BertPreTokenizer"}"""),
            ["post_processor"] = JsonNode.Parse(Template),
            ["decoder"] = JsonNode.Parse("""{"type": "WordPiece", "prefix": "##", "cleanup": true}"""),
            ["model"] = new JsonObject
            {
                ["type"] = "WordPiece",
                ["unk_token"] = "[UNK]",
                ["continuing_subword_prefix"] = "##",
                ["max_input_chars_per_word"] = 100,
                ["vocab"] = new JsonObject(tokens.Select((text, id) => KeyValuePair.Create(text, (JsonNode?)JsonValue.Create(id)))),
            },
        };
        return new MemoryFiles().With("tokenizer.json", root.ToJsonString());
    }
}
