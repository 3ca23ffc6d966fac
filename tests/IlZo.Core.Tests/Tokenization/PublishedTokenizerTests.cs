using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

/// <summary>The shapes of published tokenizer.json files, on vocabularies small enough to work out by hand.</summary>
public class PublishedTokenizerTests
{
    // Gemma: spaces become marks, nothing is put in front, no words are cut, and unknown characters become bytes.
    private const string Gemma = """
        {"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
         "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false},
         "added_tokens": [{"id": 8, "content": "\n\n", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false},
                          {"id": 9, "content": "<bos>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
         "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
                            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [9], "tokens": ["<bos>"]}}},
         "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]}}
        """;

    [Theory]
    [InlineData("a a", new[] { 9, 4, 6 })]
    [InlineData(" a", new[] { 9, 6 })]
    [InlineData("é  a", new[] { 9, 2, 3, 7, 4 })]
    [InlineData("a\n\na", new[] { 9, 4, 8, 4 })]
    [InlineData("aa a", new[] { 9, 4, 4, 6 })]
    public void Gemma_writes_spaces_as_marks_and_unknown_characters_as_bytes(string text, int[] ids)
    {
        var tokenizer = MemoryFiles.Json(
            ["<pad>", "<unk>", "<0xC3>", "<0xA9>", "a", "▁", "▁a", "▁▁"], ["▁ ▁", "▁ a"], Gemma,
            """{"unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true}""").Load();
        Assert.Equal(ids, tokenizer.Encode(text));
        Assert.Equal(text, tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData("truncation", """{"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}""")]
    [InlineData("padding", """{"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"}""")]
    public void What_another_program_asked_for_is_accepted_and_not_applied(string name, string value)
    {
        var files = TestTokenizers.ReviewsJson();
        var asked = files.Edit(root => root[name] = System.Text.Json.Nodes.JsonNode.Parse(value));
        Assert.Equal(files.Load().Encode("It was a great film."), asked.Load().Encode("It was a great film."));
    }

    [Theory]
    [InlineData("Unigram", "(that of T5, ALBERT and XLM-RoBERTa) is not supported; expected BPE")]
    [InlineData("WordLevel", "the model type 'WordLevel' is not supported; expected BPE")]
    public void Another_model_is_refused_with_what_was_expected(string type, string problem)
    {
        var files = MemoryFiles.Json(["a"], []).Edit(root => root["model"]!["type"] = type);
        Assert.Contains(problem, files.Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void DeepSeek_cuts_by_several_patterns_one_after_the_other()
    {
        string[] vocabulary = [.. "0123456789abĠ!".Select(c => c.ToString()), "12", "123", "ab", "Ġa", "ä½ł", "ä½łå¥½"];
        string json = """
            {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [
              {"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}"}, "behavior": "Isolated", "invert": false},
              {"type": "Split", "pattern": {"Regex": "[一-龥぀-ゟ゠-ヿ]+"}, "behavior": "Isolated", "invert": false},
              {"type": "Split", "pattern": {"Regex": "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated", "invert": false},
              {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]}}
            """;
        var tokenizer = MemoryFiles.Json(vocabulary, [], json, """{"ignore_merges": true}""").Load();
        Assert.Equal(["123", "4", "ab", "ä½łå¥½", "Ġa", "!"], tokenizer.Encode("1234ab你好 a!").Select(id => tokenizer.Piece(id)));
    }
}
