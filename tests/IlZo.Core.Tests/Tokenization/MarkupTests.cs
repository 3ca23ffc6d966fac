using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

/// <summary>Texts with special tokens written out.</summary>
public class MarkupTests
{
    [Fact]
    public void Special_tokens_of_a_byte_level_tokenizer_are_parsed()
    {
        var tokenizer = TestTokenizers.Gpt2;
        int end = tokenizer.EosId!.Value;
        Assert.Equal([end, .. tokenizer.Encode("Hi", false), end, .. tokenizer.Encode(" you", false)], tokenizer.EncodeMarkup(
            "<|endoftext|>Hi<|endoftext|> you"));
        Assert.DoesNotContain(end, tokenizer.Encode("<|endoftext|>"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Special_tokens_of_a_SentencePiece_model_are_parsed(bool json)
    {
        var tokenizer = (json ? TestTokenizers.StoriesJson() : TestTokenizers.StoriesModel()).Load();
        int[] expected = [1, .. tokenizer.Encode("Once", false), 2, .. tokenizer.Encode("upon", false)];
        Assert.Equal(expected, tokenizer.EncodeMarkup("<s>Once</s>upon"));
    }

    [Fact]
    public void Without_legacy_no_space_is_put_behind_a_special_token()
    {
        var files = TestTokenizers.StoriesModel();
        string config = System.Text.Encoding.UTF8.GetString(files["tokenizer_config.json"]).Replace(
            "\"legacy\": true", "\"legacy\": false", StringComparison.Ordinal);
        var tokenizer = files.With("tokenizer_config.json", config).Load();
        Assert.Equal("Once<s>upon", tokenizer.Decode(tokenizer.EncodeMarkup("Once<s>upon"), skipSpecialTokens: false));
        var legacy = files.Load();
        Assert.Equal("Once<s> upon", legacy.Decode(legacy.EncodeMarkup("Once<s>upon"), skipSpecialTokens: false));
    }

    [Theory]
    [InlineData("a \t<mask> b", "a", " b")]
    [InlineData(" <mask><mask>", "", "")]
    [InlineData("x<mask>\n", "x", "\n")]
    public void A_mask_takes_the_white_space_before_it(string text, string before, string after)
    {
        var tokenizer = TestTokenizers.Roberta();
        int mask = tokenizer.MaskId!.Value;
        int[] masks = text.Contains("<mask><mask>", StringComparison.Ordinal) ? [mask, mask] : [mask];
        int[] expected = [.. Ids(before), .. masks, .. Ids(after)];
        Assert.Equal(expected, tokenizer.EncodeMarkup(text));
        Assert.Equal(expected, TestTokenizers.OptFiles().With("config.json", """{"model_type":"roberta"}""").Load().EncodeMarkup(text));
        Assert.Equal([0, .. expected, 2], tokenizer.EncodeMarkup(text, addSpecialTokens: true));

        int[] Ids(string part) => part.Length == 0 ? [] : tokenizer.Encode(part, addSpecialTokens: false);
    }
}
