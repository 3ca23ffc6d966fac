using IlZo.Core.Tests.Tokenization;
using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>Masked prompts of a user's own definition, and what is wrong with them.</summary>
public class MaskedPromptTests
{
    [Fact]
    public void A_task_may_have_a_masked_prompt_alone()
    {
        var task = Parse("""{ "prompt": ["{text}", " So", "<mask>"] }""");
        Assert.False(task.HasCausalPrompt);
        Assert.Equal(128, task.MaskedMaxLength);
        var example = Rows.Read(task, """{"text": "Fine", "label": 1}""")[0];
        Assert.Equal([new("Fine", null), new(" So", null), new(null, null)], example.MaskedPrompt);
        Assert.Equal(["no", "yes"], example.Candidates);
        Assert.Empty(example.Verbalized);
    }

    [Fact]
    public void Tasks_without_one_say_so()
    {
        Assert.Null(TaskCatalog.Load("boolq").MaskedMaxLength);
        Assert.True(TaskCatalog.Load("boolq").HasCausalPrompt);
        Assert.Empty(Rows.One("boolq", """{"passage": "A b.", "question": "is it", "label": true}""").MaskedPrompt);
    }

    [Theory]
    [InlineData("{text|drop_last_character}", "abc.", "abc")]
    [InlineData("{text|drop_last_character}", "a😀", "a")]
    [InlineData("{text|drop_last_character}", "", "")]
    [InlineData("{text|lower_first_letter}", "ÄB", "äB")]
    [InlineData("{text|lower_first_letter}", "I Am", "i Am")]
    [InlineData("{text|lower_first_letter}", "", "")]
    public void Filters_work_on_characters(string template, string text, string expected)
    {
        var task = Parse($$"""{ "prompt": ["{{template}}", "<mask>"] }""");
        Assert.Equal(expected, Rows.Read(task, $$"""{"text": "{{text}}", "label": 1}""")[0].MaskedPrompt[0].Text);
    }

    [Theory]
    [InlineData("""{ "prompt": ["{text}"] }""", "masked.prompt has 0 pieces \"<mask>\"; expected exactly one")]
    [InlineData("""{ "prompt": ["<mask>", "<mask>"] }""", "masked.prompt has 2 pieces \"<mask>\"")]
    [InlineData("""{ "prompt": "{text} <mask>" }""", "masked.prompt is a JSON string; expected a JSON array")]
    [InlineData("""{ "prompt": ["<mask>", { "text": "{text}" }] }""", "masked.prompt[1] has no \"limit\"")]
    [InlineData("""{ "prompt": ["<mask>", { "text": "{text}", "limit": 0 }] }""", "masked.prompt[1].limit is 0; expected 1 or more")]
    [InlineData("""{ "prompt": ["<mask>", "{candidate}"] }""", "masked.prompt[1] names {candidate}")]
    [InlineData("""{ "prompt": ["<mask>"], "max_length": 0 }""", "masked.max_length is 0; expected 1 or more")]
    [InlineData("""{ "prompt": ["<mask>"], "words": [] }""", "masked.words is not a known key")]
    [InlineData("""{}""", "masked has no \"prompt\"")]
    public void Mistakes_are_refused_with_their_place(string masked, string expected)
    {
        var e = Assert.Throws<InvalidInputException>(() => Parse(masked));
        Assert.StartsWith("mine.json: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_causal_prompt_beside_a_masked_one_is_refused()
    {
        var e = Assert.Throws<InvalidInputException>(() => Parse("""{ "prompt": ["<mask>"] }, "prompt": "{text}" """));
        Assert.StartsWith("mine.json: has no \"answer\"; expected", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_word_of_several_tokens_is_refused()
    {
        var task = Parse("""{ "prompt": ["{text}", "<mask>"] }""", first: "unfathomably");
        var encoder = new MaskedExampleEncoder(TestTokenizers.Roberta(), 128);
        var e = Assert.Throws<InvalidInputException>(() => encoder.Encode(Rows.Read(task, """{"text": "Fine", "label": 1}""")[0]));
        Assert.Matches("^rows.jsonl:1: candidate \"unfathomably\" is [2-9] tokens", e.Message);
    }

    [Fact]
    public void A_mask_that_is_cut_off_is_refused_and_one_at_the_end_is_not()
    {
        var task = Parse("""{ "prompt": ["{text}", "<mask>"] }""");
        var example = Rows.Read(task, """{"text": "a b c d", "label": 1}""")[0];
        var fits = new MaskedExampleEncoder(TestTokenizers.Roberta(), 6).Encode(example);
        Assert.Equal((5, 6), (fits.Candidates[0].Reading!.Value.Token, fits.Candidates[0].Tokens.Length));
        var e = Assert.Throws<InvalidInputException>(() => new MaskedExampleEncoder(TestTokenizers.Roberta(), 5).Encode(example));
        Assert.StartsWith("rows.jsonl:1: the mask is token 6 of the prompt, of which 5 are kept", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_without_a_mask_is_refused()
    {
        var e = Assert.Throws<InvalidInputException>(() => new MaskedExampleEncoder(TestTokenizers.StoriesJson().Load(), 128));
        Assert.Contains("mask_token", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokenizers_know_their_mask()
    {
        Assert.Equal(50264, TestTokenizers.Roberta().MaskId);
        Assert.Null(TestTokenizers.Gpt2.MaskId);
        var files = TestTokenizers.OptFiles().With("config.json", """{"model_type": "roberta"}"""u8.ToArray());
        Assert.Equal(50264, files.Load().MaskId);
        Assert.Equal(50118, files.With("special_tokens_map.json", """{"mask_token": "Ċ"}"""u8.ToArray()).Load().MaskId);
    }

    [Fact]
    public void A_mask_written_in_a_text_is_text()
    {
        var task = Parse("""{ "prompt": ["{text}", "<mask>"] }""");
        var encoded = new MaskedExampleEncoder(TestTokenizers.Roberta(), 128).Encode(
            Rows.Read(task, """{"text": "a <mask> b", "label": 0}""")[0]);
        Assert.Single(encoded.Candidates[0].Tokens, 50264);
    }

    private static TaskDefinition Parse(string masked, string first = "no") => TaskDefinition.Parse(
        $$"""
        {
          "name": "mine",
          "description": "One line.",
          "masked": {{masked}},
          "candidates": [ { "text": "{{first}}", "labels": [0] }, { "text": "yes", "labels": [1] } ],
          "label": "label"
        }
        """,
        "mine.json");
}
