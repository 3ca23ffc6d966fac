using IlZo.Generation;
using Microsoft.Extensions.AI;
using Message = IlZo.Tokenization.ChatTemplates.ChatMessage;

namespace IlZo.Extensions.AI;

/// <summary>What a request means to a model. What it cannot do is refused, so that nothing is left out in silence.</summary>
internal static class ChatRequest
{
    /// <summary>The conversation, with the instructions of the options in front.</summary>
    /// <exception cref="InvalidInputException">A message holds something else than text.</exception>
    public static IReadOnlyList<Message> Conversation(IEnumerable<ChatMessage> messages, ChatOptions? options) =>
    [
        .. options?.Instructions is { Length: > 0 } instructions
            ? [new Message(ChatRole.System.Value, instructions)]
            : Array.Empty<Message>(),
        .. messages.Select((message, i) => new Message(message.Role.Value, Text(message, i))),
    ];

    /// <summary>How tokens are chosen.</summary>
    /// <exception cref="InvalidInputException">An option asks for what models here cannot do.</exception>
    public static GenerationOptions Generation(ChatOptions? options)
    {
        if (options is null)
        {
            return new GenerationOptions();
        }

        Refuse(options.Tools is { Count: > 0 } && options.ToolMode is not NoneChatToolMode, "tools", "a request without tools");
        Refuse(options.ResponseFormat is ChatResponseFormatJson, "a response format of JSON", "text");
        Refuse(options.FrequencyPenalty is { } frequency && frequency != 0, $"a frequency penalty of {options.FrequencyPenalty}", "none");
        Refuse(options.PresencePenalty is { } presence && presence != 0, $"a presence penalty of {options.PresencePenalty}", "none");
        return new GenerationOptions
        {
            MaxNewTokens = options.MaxOutputTokens,
            Temperature = options.Temperature,
            TopP = options.TopP,
            TopK = options.TopK,
            Seed = unchecked((ulong)(options.Seed ?? 0)),
            StopStrings = [.. options.StopSequences ?? []],
        };
    }

    private static string Text(ChatMessage message, int index) =>
        message.Contents.FirstOrDefault(c => c is not (TextContent or UsageContent)) is { } other
            ? throw new InvalidInputException($"Message {index + 1} has {other.GetType().Name}; text was expected.")
            : message.Text;

    private static void Refuse(bool condition, string found, string expected)
    {
        if (condition)
        {
            throw new InvalidInputException($"The request has {found}; {expected} was expected.");
        }
    }
}
