using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

public class TokenizerLoaderTests
{
    [Fact]
    public void Empty_folder_names_what_was_looked_for()
    {
        using var folder = new TempFolder();
        Assert.False(TokenizerLoader.Exists(folder.Path));
        string message = Assert.Throws<InvalidInputException>(() => TokenizerLoader.Load(folder.Path)).Message;
        foreach (string name in (string[])[folder.Path, "tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt"])
        {
            Assert.Contains(name, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Folder_that_is_missing_has_no_tokenizer()
    {
        using var folder = new TempFolder();
        Assert.False(TokenizerLoader.Exists(folder["none"]));
        Assert.Throws<InvalidInputException>(() => TokenizerLoader.Load(folder["none"]));
    }

    [Fact]
    public void Vocabulary_without_merges_is_no_tokenizer()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["vocab.json"], "{}");
        Assert.False(TokenizerLoader.Exists(folder.Path));
        File.WriteAllText(folder["merges.txt"], "");
        Assert.True(TokenizerLoader.Exists(folder.Path));
    }

    [Fact]
    public void Tokenizer_JSON_goes_before_the_other_files()
    {
        MemoryFiles files = TestTokenizers.StoriesModel().With("tokenizer.json", MemoryFiles.Json(["a"], [])["tokenizer.json"]);
        Assert.Equal(1, files.With("tokenizer_config.json", "{}").With("config.json", "{}").Load().VocabularySize);
        Assert.True(files.Exists());
    }

    [Fact]
    public void Conventions_of_the_families()
    {
        ITokenizer gpt2 = TestTokenizers.Gpt2;
        Assert.Equal((null, 50256, 50257), (gpt2.BosId, gpt2.EosId, gpt2.VocabularySize));
        ITokenizer opt = TestTokenizers.OptFiles().With("config.json", """{"model_type":"opt"}""").Load();
        Assert.Equal((2, 2, 50265), (opt.BosId, opt.EosId, opt.VocabularySize));
        ITokenizer roberta = TestTokenizers.Roberta();
        Assert.Equal((0, 2, 50265), (roberta.BosId, roberta.EosId, roberta.VocabularySize));
        ITokenizer reviews = TokenizerLoader.Load(TestTokenizers.Reviews);
        Assert.Equal((2, 2, 4096), (reviews.BosId, reviews.EosId, reviews.VocabularySize));
    }

    [Theory]
    [InlineData("""{"add_bos_token":false}""", """{"model_type":"opt"}""", new[] { 102 })]
    [InlineData("""{"tokenizer_class":"GPT2Tokenizer"}""", """{"model_type":"opt"}""", new[] { 2, 102 })]
    [InlineData("""{"tokenizer_class":"GPT2Tokenizer","eos_token":"</s>"}""", "{}", new[] { 102 })]
    [InlineData("""{"tokenizer_class":"GPT2Tokenizer","add_eos_token":true,"eos_token":"</s>"}""", "{}", new[] { 102, 2 })]
    [InlineData("""{"add_bos_token":true}""", """{"bos_token_id":3,"eos_token_id":[2,7]}""", new[] { 3, 102 })]
    [InlineData("""{"add_bos_token":true,"add_eos_token":true}""", """{"bos_token_id":3,"eos_token_id":[2,7]}""", new[] { 3, 102, 2 })]
    public void Config_files_say_what_goes_around_a_text(string tokenizerConfig, string modelConfig, int[] expected) => Assert.Equal(
        expected,
        TestTokenizers.OptFiles().With("tokenizer_config.json", tokenizerConfig).With("config.json", modelConfig).Load().Encode("a"));

    [Theory]
    [InlineData("""{"tokenizer_class":"Qwen2Tokenizer"}""", "{}", "Qwen2Tokenizer")]
    [InlineData("{}", """{"model_type":"bloom"}""", "bloom")]
    [InlineData("""{"bos_token":"<nowhere>","add_bos_token":true}""", "{}", "<nowhere>")]
    [InlineData("""{"add_bos_token":1}""", "{}", "add_bos_token")]
    [InlineData("""{"added_tokens_decoder":{"x":{"content":"y"}}}""", "{}", "added_tokens_decoder.x")]
    [InlineData("""{"added_tokens_decoder":{"2":{"content":"[new]"}}}""", "{}", "both '</s>' and '[new]'")]
    [InlineData("""{"\ud800":1}""", "{}", "half of a surrogate pair")]
    [InlineData("""{"added_tokens_decoder":{"\ud800":{"content":"[new]"}}}""", "{}", "half of a surrogate pair")]
    [InlineData("""{"added_tokens_decoder":{"99999999999":{"content":"[new]"}}}""", "{}", "added_tokens_decoder.99999999999")]
    public void Config_files_that_cannot_be_followed_are_refused(
        string tokenizerConfig, string modelConfig, string named) => Assert.Contains(
        named,
        TestTokenizers.OptFiles().With("tokenizer_config.json", tokenizerConfig).With("config.json", modelConfig).Refusal(),
        StringComparison.Ordinal);

    [Fact]
    public void Added_tokens_of_the_config_join_the_vocabulary()
    {
        ITokenizer tokenizer = TestTokenizers.Gpt2Files()
            .With(
                "tokenizer_config.json",
                """{"added_tokens_decoder":{"50257":{"content":"<pad>","special":true},"50258":{"content":"[X]","special":false}}}""")
            .With("added_tokens.json", """{"[X]":50258,"[Y]":50259}""")
            .Load();
        Assert.Equal(50260, tokenizer.VocabularySize);
        Assert.Equal([64, 50258, 64, 50259], tokenizer.Encode("a[X]a[Y]"));
        Assert.Equal("a[X]", tokenizer.Decode([64, 50257, 50258]));
    }

    [Fact]
    public void Add_prefix_space_is_honoured() => Assert.Equal(
        TestTokenizers.Gpt2.Encode(" hello"),
        TestTokenizers.Gpt2Files().With("tokenizer_config.json", """{"add_prefix_space":true}""").Load().Encode("hello"));

    [Theory]
    [InlineData("null", """{"add_bos_token":true}""", "{}", new[] { 1 })]
    [InlineData("null", """{"tokenizer_class":"PreTrainedTokenizerFast"}""", """{"model_type":"llama"}""", new int[0])]
    [InlineData("null", "{}", """{"model_type":"llama"}""", new[] { 1 })]
    [InlineData("template", """{"tokenizer_class":"PreTrainedTokenizerFast","add_bos_token":false}""", "{}", new[] { 1 })]
    [InlineData("template", """{"tokenizer_class":"LlamaTokenizer","add_bos_token":false}""", "{}", new int[0])]
    [InlineData("template", """{"tokenizer_class":"LlamaTokenizer","add_bos_token":true,"add_eos_token":true}""", "{}", new[] { 1, 2 })]
    [InlineData("template", "{}", """{"model_type":"opt"}""", new[] { 1 })]
    public void Post_processor_decides_unless_it_is_silent(string processor, string tokenizerConfig, string modelConfig, int[] expected)
    {
        string withBos = tokenizerConfig.Length > 2
            ? tokenizerConfig[..^1] + ""","bos_token":"<s>","eos_token":"</s>"}"""
            : tokenizerConfig;
        ITokenizer tokenizer = TestTokenizers.StoriesJson()
            .Edit(root => root["post_processor"] = processor == "null" ? null : root["post_processor"]!.DeepClone())
            .With("tokenizer_config.json", withBos)
            .With("config.json", modelConfig)
            .Load();
        Assert.Equal(expected, tokenizer.Encode(string.Empty));
    }

    [Fact]
    public void Special_tokens_in_a_text_are_not_parsed()
    {
        ITokenizer tokenizer = TokenizerLoader.Load(TestTokenizers.Reviews);
        int[] ids = tokenizer.Encode("a</s>b", addSpecialTokens: false);
        Assert.DoesNotContain(2, ids);
        Assert.Equal("a</s>b", tokenizer.Decode(ids));
        Assert.Equal("</s>", tokenizer.Decode([2], skipSpecialTokens: false));
        Assert.Equal(string.Empty, tokenizer.Decode([2]));
    }
}
