using System.Text;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

/// <summary>tokenizer.model files; small ones are written here, field by field.</summary>
public class SentencePieceTests
{
    private const string Mark = "\u2581";

    [Fact]
    public void Stories_both_files_agree()
    {
        ITokenizer model = TestTokenizers.StoriesModel().Load();
        ITokenizer json = TestTokenizers.StoriesJson().Load();
        Assert.Equal((512, 1, 2), (model.VocabularySize, model.BosId, model.EosId));
        Assert.Equal((512, 1, 2), (json.VocabularySize, json.BosId, json.EosId));
        string[] words = ["Once", "upon", "Lily", "didn't", "123", "caf\u00E9", "\U0001F999", "\n", "play,", "\"Hi!\"", "zzzz", "\t"];
        var random = new Random(5);
        for (int i = 0; i < 300; i++)
        {
            // The two files differ on runs of spaces: tokenizer.model removes them, tokenizer.json keeps them.
            string text = string.Join(' ', Enumerable.Range(0, 12).Select(_ => words[random.Next(words.Length)]));
            int[] ids = model.Encode(text);
            Assert.Equal(json.Encode(text), ids);
            Assert.Equal(text, model.Decode(ids));
            Assert.Equal(text, json.Decode(ids));
        }
    }

    [Fact]
    public void One_megabyte_line_decodes_to_itself()
    {
        ITokenizer tokenizer = TestTokenizers.StoriesModel().Load();
        foreach (string part in (string[])["a", "theinheandthe", "\u00E9\u732B", "word , word, "])
        {
            string text = string.Concat(Enumerable.Repeat(part, (1 << 20) / part.Length)).TrimEnd();
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [Theory]
    [InlineData(true, true, "  a   b ", new[] { 3, 4, 3, 5 })]
    [InlineData(true, false, " a b ", new[] { 3, 3, 4, 3, 5, 3 })]
    [InlineData(false, true, "  a   b ", new[] { 4, 3, 5 })]
    [InlineData(false, false, " a", new[] { 3, 4 })]
    [InlineData(true, true, "   ", new int[0])]
    [InlineData(true, false, "", new int[0])]
    public void Spaces_are_handled_as_the_file_says(bool dummy, bool remove, string text, int[] expected)
    {
        ITokenizer tokenizer = Small([(Mark, 0, 1), ("a", -1, 1), ("b", -2, 1)], dummy, remove).Load();
        Assert.Equal(expected, tokenizer.Encode(text, addSpecialTokens: false));
        Assert.Equal([1, .. expected], tokenizer.Encode(text));
    }

    [Theory]
    [InlineData(true, false, " a")]
    [InlineData(false, true, "a")]
    [InlineData(false, false, "  a")]
    public void Decode_drops_the_spaces_that_encoding_put_in_front(bool dummy, bool remove, string expected)
    {
        ITokenizer tokenizer = Small([(Mark, 0, 1), ("a", -1, 1)], dummy, remove).Load();
        Assert.Equal(expected, tokenizer.Decode([1, 3, 3, 4, 2]));
        Assert.Equal("<s>a</s>", tokenizer.Decode([1, 4, 2], skipSpecialTokens: false));
    }

    [Fact]
    public void Merges_go_by_score_then_from_the_left()
    {
        // "ab" and "bc" have the same score: the left one goes first. "cd" has a better one.
        ITokenizer tokenizer = Small(
            [("a", -9, 1), ("b", -9, 1), ("c", -9, 1), ("d", -9, 1), ("ab", -2, 1), ("bc", -2, 1), ("cd", -1, 1)]).Load();
        Assert.Equal([7, 5], tokenizer.Encode("abc", addSpecialTokens: false));
        Assert.Equal([4, 8], tokenizer.Encode("bbc", addSpecialTokens: false));
        Assert.Equal([7, 9], tokenizer.Encode("abcd", addSpecialTokens: false));
        Assert.Equal([4, 9], tokenizer.Encode("bcd", addSpecialTokens: false));
    }

    [Fact]
    public void Characters_without_a_piece_merge_into_pieces_that_hold_them()
    {
        // "q" is no piece of its own, yet "qu" is one.
        ITokenizer tokenizer = Small([("u", -1, 1), ("qu", -2, 1)]).Load();
        Assert.Equal([4], tokenizer.Encode("qu", addSpecialTokens: false));
        Assert.Equal([0, 4, 0, 3], tokenizer.Encode("qqzquqzu", addSpecialTokens: false));
    }

    [Fact]
    public void Unknown_characters_make_one_unknown_piece_with_its_surface()
    {
        ITokenizer tokenizer = Small([("a", -1, 1)]).Load();
        Assert.Equal([3, 0, 3], tokenizer.Encode("axya", addSpecialTokens: false));
        Assert.Equal("a \u2047 a", tokenizer.Decode([3, 0, 3]));
    }

    [Fact]
    public void User_defined_pieces_are_cut_out_longest_first()
    {
        ITokenizer tokenizer = Small([("a", -1, 1), ("b", -1, 1), ("ab", -1, 4), ("abb", -1, 4), ("ba", 0, 1)]).Load();
        Assert.Equal([6, 5, 3], tokenizer.Encode("abbaba", addSpecialTokens: false));
        Assert.Equal([4, 5], tokenizer.Encode("bab", addSpecialTokens: false));
        Assert.Equal([7], tokenizer.Encode("ba", addSpecialTokens: false));
    }

    [Fact]
    public void Byte_fallback_writes_and_reads_bytes()
    {
        var pieces = new List<(string, float, int)> { ("a", -1, 1) };
        pieces.AddRange(Enumerable.Range(0, 256).Select(i => ($"<0x{i:X2}>", 0f, 6)));
        ITokenizer tokenizer = Small(pieces, byteFallback: true).Load();
        Assert.Equal([3, 4 + 0xC3, 4 + 0xA9], tokenizer.Encode("a\u00E9", addSpecialTokens: false));
        Assert.Equal("\u00E9a\uFFFD\uFFFDa\uFFFD", tokenizer.Decode([4 + 0xC3, 4 + 0xA9, 3, 4 + 0xFF, 4 + 0xE7, 3, 4 + 0x80]));
        Assert.Contains("byte 255", Small(pieces[..^1], byteFallback: true).Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "identity", "unigram")]
    [InlineData(3, "identity", "word")]
    [InlineData(4, "identity", "char")]
    [InlineData(2, "nmt_nfkc", "nmt_nfkc")]
    public void Other_models_are_refused_by_name(int modelType, string normalization, string named)
    {
        string message = Small([("a", 0, 1)], modelType: modelType, normalization: normalization).Refusal();
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.model", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a", 0f, 1, "stands twice")]
    [InlineData("", 0f, 1, "without text")]
    [InlineData("b", float.NaN, 1, "not finite")]
    [InlineData("b", 0f, 5, "type 5")]
    [InlineData("b", 0f, 2, "unknown pieces")]
    [InlineData("<0xZZ>", 0f, 6, "<0xZZ>")]
    public void Broken_pieces_are_refused(string text, float score, int type, string named) =>
        Assert.Contains(named, Small([("a", 0, 1), (text, score, type)]).Refusal(), StringComparison.Ordinal);

    [Fact]
    public void Classes_that_renumber_pieces_are_refused() => Assert.Contains(
        "CamembertTokenizer",
        Small([("a", 0, 1)]).With("tokenizer_config.json", """{"tokenizer_class":"CamembertTokenizer"}""").Refusal(),
        StringComparison.Ordinal);

    private static MemoryFiles Small(
        IEnumerable<(string Text, float Score, int Type)> pieces,
        bool dummy = false,
        bool remove = false,
        bool byteFallback = false,
        int modelType = 2,
        string normalization = "identity")
    {
        var file = new MemoryStream();
        foreach ((string text, float score, int type) in pieces.Prepend(("</s>", 0, 3)).Prepend(("<s>", 0, 3)).Prepend(("<unk>", 0, 2)))
        {
            var piece = new MemoryStream();
            Bytes(piece, 1, Encoding.UTF8.GetBytes(text));
            piece.WriteByte((2 << 3) | 5);
            piece.Write(BitConverter.GetBytes(score));
            Integer(piece, 3, type);
            Bytes(file, 1, piece.ToArray());
        }

        var trainer = new MemoryStream();
        Integer(trainer, 3, modelType);
        Integer(trainer, 35, byteFallback ? 1 : 0);
        Bytes(file, 2, trainer.ToArray());
        var normalizer = new MemoryStream();
        Bytes(normalizer, 1, Encoding.UTF8.GetBytes(normalization));
        Integer(normalizer, 3, dummy ? 1 : 0);
        Integer(normalizer, 4, remove ? 1 : 0);
        Bytes(file, 3, normalizer.ToArray());
        return new MemoryFiles().With("tokenizer.model", file.ToArray());
    }

    private static void Integer(Stream stream, int field, int value)
    {
        Varint(stream, field << 3);
        Varint(stream, value);
    }

    private static void Bytes(Stream stream, int field, byte[] bytes)
    {
        Varint(stream, (field << 3) | 2);
        Varint(stream, bytes.Length);
        stream.Write(bytes);
    }

    private static void Varint(Stream stream, int value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            stream.WriteByte((byte)(value | 0x80));
        }

        stream.WriteByte((byte)value);
    }
}
