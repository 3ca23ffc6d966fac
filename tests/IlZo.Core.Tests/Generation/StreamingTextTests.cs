using System.Text;
using IlZo.Generation;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Generation;

public sealed class StreamingTextTests
{
    [Theory]
    [InlineData("models", "stories260K")]
    [InlineData("models", "opt-reviews-6m")]
    public void Pieces_of_random_tokens_make_up_the_text_and_hold_no_half_of_a_character(params string[] model)
    {
        var tokenizer = TokenizerLoader.Load(TestData.Path(model));
        int[] bytes = [.. Bytes(tokenizer)];
        var random = new Random(5);
        for (int trial = 0; trial < 200; trial++)
        {
            var text = new StreamingText(tokenizer, tokenizer.Encode("Once"));
            var pieces = new StringBuilder();
            var ids = new List<int>(tokenizer.Encode("Once"));
            for (int i = 0; i < 20; i++)
            {
                int id = random.Next(3) == 0 ? random.Next(tokenizer.VocabularySize) : bytes[random.Next(bytes.Length)];
                ids.Add(id);
                string piece = text.Add(id);
                AssertWhole(piece);
                pieces.Append(piece);
                Assert.StartsWith(pieces.ToString(), text.Text, StringComparison.Ordinal);
            }

            pieces.Append(text.Finish());
            Assert.Equal(tokenizer.Decode([.. ids])["Once".Length..], pieces.ToString());
            Assert.Equal(text.Text, pieces.ToString());
        }
    }

    [Theory]
    [InlineData("stories260K")]
    [InlineData("opt-reviews-6m")]
    public void A_character_of_several_tokens_comes_at_once(string model)
    {
        var tokenizer = TokenizerLoader.Load(TestData.Path("models", model));
        int[] prompt = tokenizer.Encode("a");
        int[] all = tokenizer.Encode("a日🎉.");
        var text = new StreamingText(tokenizer, prompt);
        string[] pieces = [.. all[prompt.Length..].Select(text.Add), text.Finish()];
        Assert.True(all.Length - prompt.Length > 3);
        Assert.Equal("日🎉.", string.Concat(pieces));
        Assert.All(pieces, AssertWhole);
    }

    // The tokens of bytes that are no text on their own, and of some that are.
    private static IEnumerable<int> Bytes(ITokenizer tokenizer) => tokenizer.Encode("é日🎉ñ", addSpecialTokens: false);

    private static void AssertWhole(string piece)
    {
        if (piece.Length > 0)
        {
            Assert.False(char.IsLowSurrogate(piece[0]));
            Assert.False(char.IsHighSurrogate(piece[^1]));
        }
    }
}
