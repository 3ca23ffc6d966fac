using System.Text;
using System.Text.Json.Nodes;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

public class HostileInputTests
{
    private static readonly string[] s_texts = ["", " ", "Once upon a time", "caf\u00E9 \U0001F999\n\n  x", "<s>[X]"];

    [Fact]
    public void Truncated_model_file_is_refused_at_every_length()
    {
        byte[] whole = TestTokenizers.StoriesModel()["tokenizer.model"];
        var files = new MemoryFiles();
        for (int length = 0; length < whole.Length; length++)
        {
            files["tokenizer.model"] = whole[..length];
            Assert.Throws<InvalidInputException>(files.Load);
        }
    }

    [Fact]
    public void Flipped_bytes_of_a_model_file() => Flip(TestTokenizers.StoriesModel(), "tokenizer.model", 1500);

    [Fact]
    public void Flipped_bytes_of_a_tokenizer_JSON() => Flip(TestTokenizers.StoriesJson(), "tokenizer.json", 1500);

    [Fact]
    public void Flipped_bytes_of_a_config() => Flip(
        MemoryFiles.From(TestTokenizers.Reviews, "vocab.json", "merges.txt", "tokenizer_config.json"), "tokenizer_config.json", 100);

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void Flipped_bytes_of_vocabulary_and_merges(string name) =>
        Flip(MemoryFiles.From(TestTokenizers.Reviews, "vocab.json", "merges.txt"), name, 150);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"model":{}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"\ud800":0},"merges":[]}}""")]
    [InlineData("""{"model":{"typ\udc00":"BPE","vocab":{"a":0},"merges":[]}}""")]
    [InlineData("""{"mode\ud800":{"type":"BPE","vocab":{"a":0},"merges":[]}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":"0"},"merges":[]}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":1.5},"merges":[]}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":{}}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[1]}}""")]
    public void Broken_tokenizer_JSON_names_the_file(string content) => Assert.Contains(
        Path.Combine("memory", "tokenizer.json"),
        new MemoryFiles().With("tokenizer.json", content).Refusal(),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"a":0,"b":0}""", "model.vocab.b", "both 'a' and 'b'")]
    [InlineData("""{"a":0,"a":1}""", "model.vocab.a", "twice")]
    [InlineData("""{"a":-1}""", "model.vocab.a", "-1")]
    [InlineData("""{"a":2000000000}""", "model.vocab.a", "2000000000")]
    [InlineData("""{"a":3000000000}""", "model.vocab.a", "integer")]
    [InlineData("""{"a":0}""", "model.merges[0]", "'b'")]
    [InlineData("""{"a":0,"b":1}""", "model.merges[0]", "'ab'")]
    public void Broken_vocabulary_names_the_place(string vocabulary, string place, string what)
    {
        string message = new MemoryFiles()
            .With("tokenizer.json", $$"""{"model":{"type":"BPE","vocab":{{vocabulary}},"merges":["a b"]} }""").Refusal();
        Assert.Contains(place, message, StringComparison.Ordinal);
        Assert.Contains(what, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("normalizer", """{"type":"NFKC"}""", "'NFKC'")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"Regex":"a+"},"content":""}""", "'String'")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"String":""},"content":""}""", "empty")]
    [InlineData("normalizer", """{"type":"Prepend","prepend":"_","other":1}""", "normalizer.other")]
    [InlineData("pre_tokenizer", """{"type":"Whitespace"}""", "'Whitespace'")]
    [InlineData("pre_tokenizer", """{"type":"BertPreTokenizer","other":1}""", "pre_tokenizer.other")]
    [InlineData("normalizer", """{"type":"BertNormalizer","lowercase":"yes"}""", "normalizer.lowercase")]
    [InlineData("normalizer", """{"type":"BertNormalizer","strip":true}""", "normalizer.strip")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Whitespace"}]}""", "pretokenizers[0]")]
    [InlineData(
        "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"\\w++"},"behavior":"Isolated","invert":false}""", "possessive quantifiers")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"ab"}""", "one character")]
    [InlineData(
        "pre_tokenizer", """{"type":"Metaspace","replacement":"_","add_prefix_space":true,"prepend_scheme":"never"}""", "contradicts")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"_","prepend_scheme":"last"}""", "'last'")]
    [InlineData("post_processor", """{"type":"BertProcessing"}""", "'cls' is missing")]
    [InlineData("post_processor", """{"type":"BertProcessing","sep":["a",5],"cls":["a",0]}""", "post_processor.sep")]
    [InlineData(
        "post_processor",
        """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}],"pair":[{"Sequence":{"id":"B"}}],"special_tokens":{}}""",
        "post_processor.pair[0]")]
    [InlineData(
        "post_processor",
        """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}],"pair":[{"Sequence":{"id":"A"}}],"special_tokens":{}}""",
        "the sequence B is missing")]
    [InlineData(
        "post_processor",
        """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":-1}}],"special_tokens":{}}""", "type_id")]
    [InlineData("post_processor", """{"type":"RobertaProcessing","sep":["a",5],"cls":["a",0]}""", "post_processor.sep")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[],"special_tokens":{}}""", "sequence A")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B"}}],"special_tokens":{}}""", "sequence A")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}],"special_tokens":{}}""", "'x'")]
    [InlineData("decoder", """{"type":"WordPiece"}""", "'prefix' is missing")]
    [InlineData("decoder", """{"type":"CTC"}""", "'CTC'")]
    [InlineData("decoder", """{"type":"Strip","content":" ","start":-1,"stop":0}""", "decoder.start")]
    [InlineData("surprise", "1", "surprise")]
    [InlineData("added_tokens", """[{"id":0,"content":"b","special":true}]""", "both 'a' and 'b'")]
    [InlineData("added_tokens", """[{"id":1,"content":"a","special":true}]""", "'a'")]
    [InlineData("added_tokens", """[{"id":1,"content":"","special":true}]""", "empty")]
    [InlineData("added_tokens", """[{"id":1,"content":"b","special":false,"lstrip":true}]""", "'lstrip'")]
    public void Unknown_components_are_refused_by_name(string member, string content, string named) => Assert.Contains(
        named,
        MemoryFiles.Json(["a"], [], $$"""{"{{member}}":{{content}} }""").Refusal(),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"dropout":0.1}""", "dropout")]
    [InlineData("""{"end_of_word_suffix":"</w>"}""", "end_of_word_suffix")]
    [InlineData("""{"continuing_subword_prefix":"##"}""", "continuing_subword_prefix")]
    [InlineData("""{"unk_token":"?"}""", "'?'")]
    [InlineData("""{"surprise":1}""", "surprise")]
    public void Unknown_model_options_are_refused_by_name(string model, string named) =>
        Assert.Contains(named, MemoryFiles.Json(["a"], [], "{}", model).Refusal(), StringComparison.Ordinal);

    [Theory]
    [InlineData("Unigram")]
    [InlineData("WordLevel")]
    public void Other_models_are_refused_by_name(string type) => Assert.Contains(
        $"'{type}'",
        MemoryFiles.Json(["a"], []).Edit(root => root["model"]!["type"] = type).Refusal(),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("\u0120 t\nq\u0120\n", "line 2", "one space")]
    [InlineData("#version: 0.2\n\u0120 zzzz\n", "line 2", "'zzzz'")]
    public void Broken_merges_name_the_line(string merges, string line, string what)
    {
        string message = MemoryFiles.From(TestTokenizers.Reviews, "vocab.json").With("merges.txt", merges).Refusal();
        Assert.Contains("merges.txt, " + line, message, StringComparison.Ordinal);
        Assert.Contains(what, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Vocabulary_without_a_byte_is_refused()
    {
        JsonObject vocabulary = JsonNode.Parse(MemoryFiles.From(TestTokenizers.Reviews, "vocab.json")["vocab.json"])!.AsObject();
        vocabulary.Remove("\u0100");
        string message = new MemoryFiles().With("vocab.json", vocabulary.ToJsonString()).With("merges.txt", string.Empty).Refusal();
        Assert.Contains("byte 0 is missing", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("IQ== 0\nIg== x\n")]
    [InlineData("IQ== 0\nIg 1\n")]
    [InlineData("IQ== 0\nIQ== 1\n")]
    [InlineData("IQ== 0\nIg== 1\n")]
    public void Tiktoken_file_that_is_not_Llama3_is_refused(string content) => Assert.Contains(
        "tokenizer.model", new MemoryFiles().With("tokenizer.model", content).Refusal(), StringComparison.Ordinal);

    [Fact]
    public void Ids_out_of_range_are_refused()
    {
        foreach (ITokenizer tokenizer in (ITokenizer[])[TestTokenizers.StoriesJson().Load(), TestTokenizers.StoriesModel().Load()])
        {
            Assert.Contains("512", Assert.Throws<InvalidInputException>(() => tokenizer.Decode([512])).Message, StringComparison.Ordinal);
            Assert.Throws<InvalidInputException>(() => tokenizer.Decode([-1]));
        }
    }

    /// <summary>Broken files are refused or used; nothing else may happen.</summary>
    private static void Flip(MemoryFiles files, string name, int rounds)
    {
        byte[] whole = files[name];
        var random = new Random(13);
        int refused = 0;
        for (int round = 0; round < rounds; round++)
        {
            byte[] broken = [.. whole];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                broken[random.Next(broken.Length)] ^= (byte)(1 << random.Next(8));
            }

            files[name] = broken;
            try
            {
                ITokenizer tokenizer = files.Load();
                foreach (string text in s_texts)
                {
                    tokenizer.Decode(tokenizer.Encode(text));
                }
            }
            catch (InvalidInputException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1, rounds);
    }
}
