using System.Text.Json;

namespace IlZo.Cli.Tests;

public sealed class GenerateTests
{
    [Fact]
    public void Stories260KTellsItsReferenceStoryLetterByLetter()
    {
        var reference = TestData.Reference("stories260K");
        int count = reference.GetProperty("greedy_ids").GetArrayLength() - 1;
        var outcome = Ilzo.Run("generate", "--model", TestData.Stories, "--prompt", "", "--max-new-tokens", $"{count}");
        Assert.Equal(reference.GetProperty("greedy_text").GetString(), outcome.Success);
        Assert.Equal(string.Empty, outcome.Errors);
    }

    [Fact]
    public void BabyLlamaTellsItsReferenceStory()
    {
        // The reference joins the pieces of the vocabulary as they are; the tokenizer's decoder strips the one space that
        // encoding puts in front of a text.
        var reference = TestData.Reference("babyllama361");
        int[] ids = Ids(reference, "greedy_ids");
        var result = Ilzo.Run("generate", "--model", TestData.BabyLlama, "--max-new-tokens", $"{ids.Length - 1}", "--json").Json;
        Assert.Equal(ids[..1], Ids(result, "prompt_ids"));
        Assert.Equal(ids[1..], Ids(result, "ids"));
        Assert.Equal(reference.GetProperty("greedy_text").GetString(), " " + result.GetProperty("text").GetString());
    }

    [Fact]
    public void TheBuiltInModelContinuesAsItsReference()
    {
        foreach (var entry in TestData.Reference("opt-reviews-6m").GetProperty("greedy").EnumerateArray())
        {
            var result = Ilzo.Run("generate", "--prompt", entry.GetProperty("prompt").GetString()!, "--max-new-tokens", "40", "--json").Json;
            Assert.Equal(Ids(entry, "input_ids"), Ids(result, "prompt_ids"));
            Assert.Equal(Ids(entry, "new_ids"), Ids(result, "ids"));

            // The reference shows the token that ends the text; as text it is nothing.
            Assert.Equal(entry.GetProperty("text").GetString(), result.GetProperty("text").GetString() + "</s>");
            Assert.Equal("end_of_text", result.GetProperty("stop").GetString());
        }
    }

    [Fact]
    public void EchoPrintsThePromptInFrontOfTheContinuation() => Assert.Equal(
        "the film is a very good movie . It was great.", Ilzo.Run("generate", "--prompt", "the film is", "--echo").Success);

    [Fact]
    public void TheSeedDecidesWhatIsSampled()
    {
        string[] arguments = ["generate", "--model", TestData.Stories, "--max-new-tokens", "40", "--temperature", "1.2"];
        string first = Ilzo.Run([.. arguments, "--seed", "7"]).Success;
        Assert.Equal(first, Ilzo.Run([.. arguments, "--seed", "7", "--threads", "1"]).Success);
        Assert.NotEqual(first, Ilzo.Run([.. arguments, "--seed", "8"]).Success);
    }

    [Fact]
    public void ATinyTopPIsGreedy()
    {
        string[] arguments = ["generate", "--model", TestData.Stories, "--max-new-tokens", "40"];
        Assert.Equal(Ilzo.Run(arguments).Success, Ilzo.Run([.. arguments, "--temperature", "1.5", "--top-p", "0.000001"]).Success);
    }

    [Fact]
    public void TheLongestTextOfTheModelEndsAContinuationAndIsMentioned()
    {
        var outcome = Ilzo.Run("generate", "--model", TestData.BabyLlama, "--max-new-tokens", "5000", "--json");
        Assert.Equal("max_positions", outcome.Json.GetProperty("stop").GetString());
        Assert.Equal(255, Ids(outcome.Json, "ids").Length);
        Assert.Contains("256 tokens", outcome.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--temperature", "-1")]
    [InlineData("--temperature", "NaN")]
    [InlineData("--top-p", "0")]
    [InlineData("--top-p", "1.5")]
    [InlineData("--max-new-tokens", "-1")]
    public void NumbersOutOfRangeAreRefused(string flag, string value) =>
        Assert.Contains(flag, Ilzo.Run("generate", flag, value).Refusal(2), StringComparison.Ordinal);

    [Fact]
    public void APromptLongerThanTheModelsTextsIsRefused()
    {
        string prompt = string.Concat(Enumerable.Repeat("word ", 600));
        Assert.Contains("at most 512", Ilzo.Run("generate", "--prompt", prompt).Refusal(2), StringComparison.Ordinal);
    }

    private static int[] Ids(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];
}
