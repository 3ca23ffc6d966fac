using System.Text.Json;
using IlZo.Tokenization.ChatTemplates;
using Xunit;

namespace IlZo.Core.Tests.Tokenization.ChatTemplates;

/// <summary>
/// Constructs of published templates against the text that jinja2 makes of them; <c>make_golden.py</c> beside the data says how.
/// </summary>
public class GoldenTemplateTests
{
    private static readonly DateTime s_now = new(2024, 7, 6, 15, 4, 5, DateTimeKind.Unspecified);

    private static readonly Dictionary<string, string> s_tokens = new() { ["bos_token"] = "<s>", ["eos_token"] = "</s>" };

    private static JsonElement Golden { get; } =
        JsonDocument.Parse(File.ReadAllBytes(TestData.Path("chat-templates", "jinja2.json"))).RootElement;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Golden.GetProperty("cases").GetArrayLength())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_construct_is_written_as_jinja2_writes_it(int index)
    {
        var construct = Golden.GetProperty("cases")[index];
        string template = construct.GetProperty("template").GetString()!;
        if (construct.TryGetProperty("text", out var text))
        {
            Assert.Equal((template, text.GetString()), (template, Render(template)));
        }
        else
        {
            Assert.Throws<InvalidInputException>(() => Render(template));
        }
    }

    private static string Render(string template)
    {
        var messages = (List<object?>)TemplateValue.FromJson(Golden.GetProperty("messages"))!;
        var tools = (List<object?>)TemplateValue.FromJson(Golden.GetProperty("tools"))!;
        return ChatTemplate.Parse("golden", template, s_tokens).RenderValues(messages, addGenerationPrompt: true, s_now, tools: tools).Text;
    }
}
