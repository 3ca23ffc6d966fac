using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

public class RoundTripTests
{
    private const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public static TheoryData<string> Names => ["gpt2", "roberta", "reviews", "stories.json", "baby"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Random_Unicode_decodes_to_itself(string name)
    {
        ITokenizer tokenizer = Named(name);
        var random = new Random(7);
        for (int i = 0; i < 300; i++)
        {
            string text = RandomText(random, 40, astral: true);
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void One_megabyte_line_decodes_to_itself(string name)
    {
        ITokenizer tokenizer = Named(name);
        string[] parts = ["a", "theinheandthe", "0", "\u00E9\u732B", "word , word "];
        foreach (string part in parts)
        {
            string text = string.Concat(Enumerable.Repeat(part, (1 << 20) / part.Length));
            int[] ids = tokenizer.Encode(text);
            Assert.Equal(text, tokenizer.Decode(ids));
        }
    }

    /// <summary>A word of the pattern, encoded alone, has the ids it has in the text.</summary>
    [Theory]
    [InlineData(Gpt2Pattern)]
    [InlineData(Llama3Pattern)]
    public void Words_are_those_of_the_regular_expression(string pattern)
    {
        ITokenizer tokenizer = WithPattern(pattern);
        var regex = new Regex(pattern);
        var random = new Random(11);
        for (int i = 0; i < 3000; i++)
        {
            string text = RandomText(random, 24, astral: false);
            int[] words = [.. regex.Matches(text).SelectMany(match => tokenizer.Encode(match.Value))];
            Assert.Equal(words, tokenizer.Encode(text));
        }
    }

    /// <summary>.NET's pattern sees letters outside the basic plane as surrogates; they are letters all the same.</summary>
    [Fact]
    public void Words_keep_astral_letters_with_their_space()
    {
        // U+1D400, a mathematical letter: F0 9D 90 80. The merge crosses from the space into the letter.
        ITokenizer tokenizer = ByteLevel("\u0120\u00F0").Load();
        Assert.Equal([256, 0x9D, 0x90, 0x80], tokenizer.Encode(" \U0001D400"));

        // U+1D7CE is a digit, so a letter before it ends the word and the merge does not apply.
        ITokenizer digits = ByteLevel("x\u00F0").Load();
        Assert.Equal(['x', 0xF0, 0x9D, 0x9F, 0x8E], digits.Encode("x\U0001D7CE"));
        Assert.Equal([256, 0x9D, 0x90, 0x80], digits.Encode("x\U0001D400"));
    }

    [Fact]
    public void Llama3_contraction_ignores_case_and_folds_the_long_s()
    {
        ITokenizer tokenizer = ByteLevel("Sa", "\u00BFa").Edit(root => root["pre_tokenizer"] = Split(Llama3Pattern)).Load();
        Assert.Equal(['\'', 'S', 'a'], tokenizer.Encode("'Sa"));
        Assert.Equal(['\'', 0xC5, 0xBF, 'a'], tokenizer.Encode("'\u017Fa"));
        Assert.Equal([256], tokenizer.Encode("Sa"));
        Assert.Equal([0xC5, 257], tokenizer.Encode("\u017Fa"));
    }

    [Fact]
    public void Lone_surrogate_becomes_the_replacement_character()
    {
        Assert.Equal("a\uFFFDb", Both(TestTokenizers.Gpt2, "a\uD800b"));
        Assert.Equal("a\uFFFDb", Both(TestTokenizers.StoriesJson().Load(), "a\uD800b"));
        Assert.Equal("a\uFFFDb", Both(TestTokenizers.StoriesModel().Load(), "a\uD800b"));

        static string Both(ITokenizer tokenizer, string text) => tokenizer.Decode(tokenizer.Encode(text));
    }

    [Fact]
    public void Many_threads_encode_alike()
    {
        ITokenizer tokenizer = TestTokenizers.Gpt2Files().Load();
        var random = new Random(3);
        string[] texts = [.. Enumerable.Range(0, 50).Select(_ => RandomText(random, 200, astral: true))];
        int[][] alone = [.. texts.Select(text => TestTokenizers.Gpt2.Encode(text))];
        Parallel.For(0, 400, i => Assert.Equal(alone[i % 50], tokenizer.Encode(texts[i % 50])));
    }

    private static ITokenizer Named(string name) => name switch
    {
        "gpt2" => TestTokenizers.Gpt2,
        "roberta" => TestTokenizers.Roberta(),
        "reviews" => TokenizerLoader.Load(TestTokenizers.Reviews),
        "stories.json" => TestTokenizers.StoriesJson().Load(),
        "baby" => TokenizerLoader.Load(TestData.Path("models", "babyllama361")),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private static ITokenizer WithPattern(string pattern) => TestTokenizers.ReviewsJson().Edit(root =>
    {
        root["post_processor"] = null;
        root["pre_tokenizer"] = Split(pattern);
    }).Load();

    private static JsonNode Split(string pattern)
    {
        JsonNode node = JsonNode.Parse(
            """
            {"type":"Sequence","pretokenizers":[
              {"type":"Split","pattern":{},"behavior":"Isolated","invert":false},
              {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}
            """)!;
        node["pretokenizers"]![0]!["pattern"]!["Regex"] = pattern;
        return node;
    }

    /// <summary>A byte-level tokenizer whose id of a byte is the byte; merged pairs follow.</summary>
    private static MemoryFiles ByteLevel(params string[] pairs)
    {
        int extra = 256;
        string[] bytes = [.. Enumerable.Range(0, 256).Select(i =>
            i is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? ((char)i).ToString() : ((char)extra++).ToString())];
        return MemoryFiles.Json(
            [.. bytes, .. pairs],
            [.. pairs.Select(pair => $"{pair[0]} {pair[1]}")],
            """{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""");
    }

    private static string RandomText(Random random, int length, bool astral)
    {
        string[] common =
        [
            " ", "  ", "\n", "\r\n", "\t", "'s", "'LL", "the", "X", "7", "1234", "!", "...", "\u00A0", "\u3000", "\u0301", "\u00E9",
            "\u732B",
        ];
        var text = new StringBuilder();
        for (int i = 0; i < length; i++)
        {
            if (random.Next(3) > 0)
            {
                text.Append(common[random.Next(common.Length)]);
                continue;
            }

            int value = random.Next(astral ? 0x110000 : 0x10000);
            text.Append(Rune.IsValid(value) ? new Rune(value).ToString() : "\u00FF");
        }

        return text.ToString();
    }
}
