using IlZo.Tokenization.ChatTemplates;
using Xunit;

namespace IlZo.Core.Tests.Tokenization.ChatTemplates;

/// <summary>The templates of published models and the formats that their authors describe.</summary>
public class PublishedTemplateTests
{
    private static readonly Dictionary<string, string> s_tokens = new() { ["bos_token"] = "<s>", ["eos_token"] = "</s>" };

    private static readonly ChatMessage[] s_dialogue =
        [new("user", "Hi "), new("assistant", " Hello.\n"), new("user", "Bye"), new("assistant", "See you")];

    private static readonly ChatMessage[] s_instructed = [new("system", "Be brief."), new("user", "Hi ")];

    [Theory]
    [InlineData("llama-2-chat", "<s>[INST] Hi [/INST] Hello. </s><s>[INST] Bye [/INST] See you </s>")]
    [InlineData(
        "llama-3-instruct",
        "<s><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nSee you<|eot_id|>")]
    [InlineData(
        "chatml",
        "<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\n "
            + "Hello.\n<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\nSee you<|im_end|>\n")]
    [InlineData(
        "qwen2",
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\n "
            + "Hello.\n<|im_end|>\n"
        + "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\nSee you<|im_end|>\n")]
    [InlineData(
        "qwen2.5",
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi "
            + "<|im_end|>\n"
        + "<|im_start|>assistant\n Hello.\n<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\nSee you<|im_end|>\n")]
    [InlineData("mistral-instruct", "<s>[INST] Hi  [/INST] Hello.\n</s>[INST] Bye [/INST]See you</s>")]
    [InlineData("zephyr", "<|user|>\nHi </s>\n<|assistant|>\n Hello.\n</s>\n<|user|>\nBye</s>\n<|assistant|>\nSee you</s>\n")]
    [InlineData(
        "gemma",
        "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n"
        + "<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\nSee you<end_of_turn>\n")]
    public void A_dialogue_is_written_as_the_model_expects(string template, string expected) =>
        Assert.Equal(expected, Load(template).Render(s_dialogue, addGenerationPrompt: false, default).Text);

    [Theory]
    [InlineData("llama-2-chat", "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]")]
    [InlineData(
        "llama-3-instruct",
        "<s><|start_header_id|>system<|end_header_id|>\n\nBe "
            + "brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")]
    [InlineData("chatml", "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\n")]
    [InlineData("qwen2", "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\n")]
    [InlineData("qwen2.5", "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\n")]
    [InlineData("zephyr", "<|system|>\nBe brief.</s>\n<|user|>\nHi </s>\n<|assistant|>\n")]
    public void The_generation_prompt_begins_the_answer(string template, string expected) =>
        Assert.Equal(expected, Load(template).Render(s_instructed, addGenerationPrompt: true, default).Text);

    [Theory]
    [InlineData("gemma", "System role not supported")]
    [InlineData("mistral-instruct", "Conversation roles must alternate")]
    public void What_a_template_refuses_is_said_in_its_words(string template, string expected)
    {
        var e = Assert.Throws<InvalidInputException>(() => Load(template).Render(s_instructed, addGenerationPrompt: true, default));
        Assert.Contains($"{template}.jinja, line 1, column ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    private static ChatTemplate Load(string name) =>
        ChatTemplate.Parse($"{name}.jinja", File.ReadAllText(TestData.Path("chat-templates", $"{name}.jinja")), s_tokens);
}
