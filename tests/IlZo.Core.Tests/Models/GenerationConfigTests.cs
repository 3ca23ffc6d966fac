using System.Text;
using IlZo.Generation;
using IlZo.Models;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>generation_config.json as generate of transformers uses it.</summary>
public sealed class GenerationConfigTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void The_files_tokens_go_before_the_configurations_and_null_ones_do_not()
    {
        Assert.Equal((1, 2), Tokens(null));
        Assert.Equal((1, 2), Tokens("{}"));
        Assert.Equal((1, 2), Tokens("""{"bos_token_id": null, "eos_token_id": null}"""));
        Assert.Equal((5, 7), Tokens("""{"bos_token_id": 5, "eos_token_id": [7, 8]}"""));
        Assert.Equal((1, 9), Tokens("""{"eos_token_id": 9}"""));
    }

    [Fact]
    public void What_the_file_does_not_say_has_transformers_defaults()
    {
        var plain = Parse("{}");
        Assert.Equal((false, 1.0, 50, 1.0, 1.0), (plain.Samples, plain.Temperature, plain.TopK, plain.TopP, plain.RepetitionPenalty));
        var chat = Parse("""{"do_sample": true, "temperature": 0.7, "top_k": 20, "top_p": 0.8, "repetition_penalty": 1.05, "max_new_tokens": 9, "max_length": 99, "num_beams": 4, "pad_token_id": 0}""");
        Assert.Equal((true, 0.7, 20, 0.8, 1.05), (chat.Samples, chat.Temperature, chat.TopK, chat.TopP, chat.RepetitionPenalty));
        Assert.Equal((9, 99), (chat.MaxNewTokens, chat.MaxLength));
        Assert.Equal(["num_beams"], chat.Unused);
    }

    [Theory]
    [InlineData("[1]", "holds a JSON array")]
    [InlineData("{\"eos_token_id\": \"</s>\"}", "eos_token_id is \"</s>\"")]
    [InlineData("{\"temperature\": NaN}", "has NaN in line 1")]
    [InlineData("{\n\"temperature\": -Infinity}", "has -Infinity in line 2")]
    [InlineData("{\"top_p\": 1.5}", "top_p is 1.5")]
    [InlineData("{\"do_sample\": 1}", "do_sample is 1")]
    [InlineData("", "is empty")]
    [InlineData("{\"eos", "not valid JSON")]
    public void A_damaged_file_is_a_sentence(string content, string words)
    {
        string message = Assert.Throws<InvalidInputException>(() => Tokens(content)).Message;
        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.Contains("generation_config.json", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_utf16_is_called_that_and_a_byte_order_mark_of_utf8_is_none()
    {
        string message = Assert.Throws<InvalidInputException>(
            () => GenerationConfig.Parse("f", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("{}")])).Message;
        Assert.Contains("UTF-16", message, StringComparison.Ordinal);
        Assert.Contains(
            "UTF-16",
            Assert.Throws<InvalidInputException>(() => GenerationConfig.Parse("f", Encoding.Unicode.GetBytes("{  }"))).Message,
            StringComparison.Ordinal);
        Assert.Equal(3, GenerationConfig.Parse("f", [0xEF, 0xBB, 0xBF, .. "{\"top_k\": 3}"u8]).TopK);
    }

    [Fact]
    public void Only_the_most_probable_tokens_are_drawn_among()
    {
        float[] logits = [0, 3, 2, 1, -5];
        int[] drawn = [.. Enumerable.Range(
            0, 400).Select(i => new TokenSampler(new SamplingOptions(2, 1, 1, TopK: 2)).Choose(logits, i)).Distinct().Order()];
        Assert.Equal([1, 2], drawn);

        // Of the two that are left the first has 62 %, so that top-p 0.6 leaves it alone.
        Assert.All(
            Enumerable.Range(0, 100), i => Assert.Equal(1, new TokenSampler(new SamplingOptions(2, 0.6, 1, TopK: 2)).Choose(logits, i)));
    }

    [Fact]
    public void A_penalty_divides_positive_logits_of_the_text_and_multiplies_negative_ones_once()
    {
        float[] logits = [4, -4, 4, -4];
        new TokenSampler(new SamplingOptions(RepetitionPenalty: 2)).Penalize(logits, [0, 1, 1, 9]);
        Assert.Equal([2, -8, 4, -4], logits);
    }

    private (int? Bos, int Eos) Tokens(string? content)
    {
        string folder = TestData.Path("fixtures", "forward", "llama-gqa");
        foreach (string name in new[] { "config.json", "model.safetensors" })
        {
            File.Copy(Path.Combine(folder, name), _temp[name], overwrite: true);
        }

        if (content is not null)
        {
            File.WriteAllText(_temp["generation_config.json"], content);
        }

        using var model = ModelLoader.Load(_temp.Path);
        return (model.Shape.BosId, model.Shape.EosIds[0]);
    }

    private static GenerationConfig Parse(string content) =>
        GenerationConfig.Parse("generation_config.json", Encoding.UTF8.GetBytes(content));
}
