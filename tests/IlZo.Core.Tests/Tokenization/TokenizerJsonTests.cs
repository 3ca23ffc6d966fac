using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

/// <summary>Components of a tokenizer.json on vocabularies small enough to work out by hand.</summary>
public class TokenizerJsonTests
{
    private const string Mark = "\u2581";

    [Theory]
    [InlineData("""{"prepend_scheme":"always"}""", "a a", new[] { 3, 3 })]
    [InlineData("""{"prepend_scheme":"first"}""", "a a", new[] { 3, 3 })]
    [InlineData("""{"prepend_scheme":"never"}""", "a a", new[] { 1, 3 })]
    [InlineData("""{"add_prefix_space":true}""", " a", new[] { 3 })]
    [InlineData("""{"add_prefix_space":false}""", "a", new[] { 1 })]
    [InlineData("""{"prepend_scheme":"always"}""", "a[X]a", new[] { 3, 4, 3 })]
    [InlineData("""{"prepend_scheme":"first"}""", "a[X]a", new[] { 3, 4, 1 })]
    [InlineData("""{"prepend_scheme":"first"}""", "[X]a", new[] { 4, 1 })]
    [InlineData("""{"prepend_scheme":"always"}""", "", new int[0])]
    public void Metaspace_puts_its_mark_in_front(string options, string text, int[] expected)
    {
        JsonObject root = WithMetaspace(options);
        root["added_tokens"] = AddedToken("[X]", 4, special: false);
        ITokenizer tokenizer = MemoryFiles.Json([Mark, "a", "b", Mark + "a"], [Mark + " a"], root.ToJsonString()).Load();
        Assert.Equal(expected, tokenizer.Encode(text));
    }

    [Theory]
    [InlineData("""{"prepend_scheme":"never"}""", new[] { 1, 0, 1 })]
    [InlineData("""{"prepend_scheme":"never","split":true}""", new[] { 1, 0, 1 })]
    [InlineData("""{"prepend_scheme":"never","split":false}""", new[] { 2, 1 })]
    public void Metaspace_cuts_before_each_mark(string options, int[] expected)
    {
        ITokenizer tokenizer = MemoryFiles.Json(
            [Mark, "a", "a" + Mark], ["a " + Mark], WithMetaspace(options).ToJsonString()).Load();
        Assert.Equal(expected, tokenizer.Encode("a a"));
    }

    [Theory]
    [InlineData("always", "ab ")]
    [InlineData("first", "ab ")]
    [InlineData("never", " ab ")]
    public void Metaspace_decoder_drops_the_marks_of_the_first_token_only(string scheme, string expected)
    {
        ITokenizer tokenizer = MemoryFiles.Json(
            [Mark, "a", "b"],
            [],
            $$"""{"decoder":{"type":"Metaspace","replacement":"{{Mark}}","prepend_scheme":"{{scheme}}"} }""").Load();
        Assert.Equal(expected, tokenizer.Decode([0, 1, 2, 0]));
    }

    [Theory]
    [InlineData("""{"type":"ByteFallback"}""", new[] { 0, 1, 2 }, "\u00E9a")]
    [InlineData("""{"type":"ByteFallback"}""", new[] { 0, 0, 1, 2 }, "\uFFFD\uFFFD\uFFFDa")]
    [InlineData("""{"type":"Fuse"}""", new[] { 0, 2 }, "<0xC3>a")]
    [InlineData("""{"type":"Replace","pattern":{"String":"a"},"content":"xy"}""", new[] { 2, 2, 3 }, "xyxyxyb")]
    [InlineData("""{"type":"Strip","content":"a","start":1,"stop":0}""", new[] { 2, 3 }, "b")]
    [InlineData("""{"type":"Strip","content":"b","start":0,"stop":2}""", new[] { 3, 3 }, "aa")]
    [InlineData(
        """{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":"a","start":1,"stop":0}]}""", new[] { 2, 2 }, "a")]
    [InlineData("null", new[] { 2, 3 }, "a ab")]
    public void Decoder_does_what_the_file_says(string decoder, int[] ids, string expected)
    {
        ITokenizer tokenizer = MemoryFiles.Json(
            ["<0xC3>", "<0xA9>", "a", "ab"], [], $$"""{"decoder":{{decoder}} }""").Load();
        Assert.Equal(expected, tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData("""{}""", "aéa", new[] { 2, 2 })]
    [InlineData("""{"unk_token":"?"}""", "aééa", new[] { 2, 3, 3, 2 })]
    [InlineData("""{"unk_token":"?","fuse_unk":true}""", "aééa", new[] { 2, 3, 2 })]
    [InlineData("""{"unk_token":"?","byte_fallback":true}""", "aéa", new[] { 2, 0, 1, 2 })]
    [InlineData("""{"unk_token":"?","byte_fallback":true}""", "aèa", new[] { 2, 3, 2 })]
    public void Characters_outside_the_vocabulary(string model, string text, int[] expected)
    {
        ITokenizer tokenizer = MemoryFiles.Json(["<0xC3>", "<0xA9>", "a", "?"], [], "{}", model).Load();
        Assert.Equal(expected, tokenizer.Encode(text));
    }

    [Theory]
    [InlineData("false", new[] { 0, 1, 2 })]
    [InlineData("true", new[] { 3 })]
    public void Ignore_merges_takes_a_whole_piece_of_the_vocabulary(string ignore, int[] expected)
    {
        ITokenizer tokenizer = MemoryFiles.Json(
            ["a", "b", "c", "abc"], [], "{}", $$"""{"ignore_merges":{{ignore}} }""").Load();
        Assert.Equal(expected, tokenizer.Encode("abc"));
    }

    [Theory]
    [InlineData("true", new[] { "in", " ", "2", "0", "2", "4", " a", "\u00B2", "\u0664", "b" })]
    [InlineData("false", new[] { "in", " ", "2024", " a", "\u00B2\u0664", "b" })]
    public void Digits_are_cut_before_byte_level(string individual, string[] pieces)
    {
        ITokenizer tokenizer = Gpt2Json(
            "null",
            $$"""
            {"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":{{individual}}},
             {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}
            """);
        Assert.Equal(pieces.SelectMany(piece => TestTokenizers.Gpt2.Encode(piece)), tokenizer.Encode(string.Concat(pieces)));
    }

    [Theory]
    [InlineData("Cafe\u0301 12 it's", new[] { "Caf\u00E9", " ", "1", "2", " it", "'s" })]
    [InlineData("a\u0301\u0301x\r\n\n y", new[] { "\u00E1\u0301x", "\r\n\n", " y" })]
    public void Qwen2_normalizes_to_form_C_and_cuts_by_its_pattern(string text, string[] pieces)
    {
        ITokenizer tokenizer = Gpt2Json(
            """{"type":"NFC"}""",
            $$"""
            {"type":"Sequence","pretokenizers":[
             {"type":"Split","pattern":{"Regex":{{JsonSerializer.Serialize(WordSplitter.Qwen2Pattern)}}},"behavior":"Isolated","invert":false},
             {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}]}
            """);
        Assert.Equal(pieces.SelectMany(Whole), tokenizer.Encode(text));
        Assert.Equal(string.Concat(pieces), tokenizer.Decode(tokenizer.Encode(text)));

        // GPT-2 would cut a piece that its own pattern does not cover.
        IEnumerable<int> Whole(string piece) =>
            Gpt2Json("null", """{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}""").Encode(piece);
    }

    [Fact]
    public void Merges_go_by_rank_then_from_the_left()
    {
        ITokenizer tokenizer = MemoryFiles.Json(["a", "b", "aa", "ab", "aab"], ["a a", "a b", "a ab"]).Load();
        Assert.Equal([2, 2, 0], tokenizer.Encode("aaaaa"));
        Assert.Equal([2, 1], tokenizer.Encode("aab"));
        ITokenizer other = MemoryFiles.Json(["a", "b", "aa", "ab", "aab"], ["a b", "a ab", "a a"]).Load();
        Assert.Equal([4], other.Encode("aab"));
    }

    [Fact]
    public void Merges_may_be_pairs()
    {
        MemoryFiles files = TestTokenizers.ReviewsJson();
        MemoryFiles pairs = files.Edit(root =>
        {
            JsonArray merges = root["model"]!["merges"]!.AsArray();
            root["model"]!["merges"] = new JsonArray([.. merges.Select(rule =>
                (JsonNode)new JsonArray([.. rule!.GetValue<string>().Split(' ').Select(part => (JsonNode?)JsonValue.Create(part))]))]);
        });
        const string text = "It was a truly great film , wasn't it?";
        Assert.Equal(files.Load().Encode(text), pairs.Load().Encode(text));
    }

    [Fact]
    public void Added_tokens_are_cut_out_longest_first_special_ones_are_not()
    {
        JsonArray added = AddedToken("ab", 2, special: false);
        added.Add(AddedToken("abb", 3, special: false)[0]!.DeepClone());
        added.Add(AddedToken("aa", 4, special: true)[0]!.DeepClone());
        var root = new JsonObject { ["added_tokens"] = added };
        ITokenizer tokenizer = MemoryFiles.Json(["a", "b"], [], root.ToJsonString()).Load();
        Assert.Equal([3, 0, 2, 0, 0], tokenizer.Encode("abbaabaa"));
        Assert.Equal("ab b", tokenizer.Decode([2, 4, 1]));
        Assert.Equal("ab aa b", tokenizer.Decode([2, 4, 1], skipSpecialTokens: false));
    }

    [Theory]
    [InlineData("true", new[] { 2, 1, 2 })]
    [InlineData("false", new[] { 2, 0, 1, 2 })]
    public void Added_tokens_are_found_in_the_raw_or_the_normalized_text(string normalized, int[] expected)
    {
        // Normalized, token and text get a prefix: "_cx_c" holds "_c" twice. Raw, "c" is cut out and the rest gets the prefix.
        ITokenizer tokenizer = MemoryFiles.Json(
            ["_", "x"],
            [],
            $$"""
            {"normalizer":{"type":"Prepend","prepend":"_"},
             "added_tokens":[{"id":2,"content":"c","single_word":false,"lstrip":false,"rstrip":false,"normalized":{{normalized}},"special":false}]}
            """).Load();
        Assert.Equal(expected, tokenizer.Encode(normalized == "true" ? "cx_c" : "cxc"));
    }

    [Fact]
    public void Post_processors_wrap_in_order()
    {
        MemoryFiles files = MemoryFiles.Json(
            ["a", "<s>", "</s>", "<x>"],
            [],
            """
            {"post_processor":{"type":"Sequence","processors":[
              {"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",1],"trim_offsets":true,"add_prefix_space":false},
              {"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false},
              {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
               "pair":[],"special_tokens":{"x":{"id":"x","ids":[3,3],"tokens":["<x>","<x>"]}}}]}}
            """);
        ITokenizer tokenizer = files.Load();
        Assert.Equal([3, 3, 1, 0, 2], tokenizer.Encode("a"));
        Assert.Equal([0], tokenizer.Encode("a", addSpecialTokens: false));
        Assert.Equal(3, tokenizer.BosId);
    }

    // GPT-2's vocabulary and merges as a tokenizer.json.
    private static ITokenizer Gpt2Json(string normalizer, string preTokenizer)
    {
        MemoryFiles files = TestTokenizers.Gpt2Files();
        string[] merges = System.Text.Encoding.UTF8.GetString(files["merges.txt"]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var root = new JsonObject
        {
            ["normalizer"] = JsonNode.Parse(normalizer),
            ["pre_tokenizer"] = JsonNode.Parse(preTokenizer),
            ["decoder"] = JsonNode.Parse("""{"type":"ByteLevel"}"""),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = JsonNode.Parse(files["vocab.json"]),
                ["merges"] = new JsonArray([.. merges.Where(m => !m.StartsWith("#version", StringComparison.Ordinal)).Select(
                    m => (JsonNode?)JsonValue.Create(m))]),
            },
        };
        return new MemoryFiles().With("tokenizer.json", root.ToJsonString()).Load();
    }

    private static JsonObject WithMetaspace(string options)
    {
        JsonNode metaspace = JsonNode.Parse(options)!;
        metaspace["type"] = "Metaspace";
        metaspace["replacement"] = Mark;
        return new JsonObject { ["pre_tokenizer"] = metaspace };
    }

    private static JsonArray AddedToken(string text, int id, bool special) =>
    [
        new JsonObject
        {
            ["id"] = id,
            ["content"] = text,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = special,
        },
    ];
}
