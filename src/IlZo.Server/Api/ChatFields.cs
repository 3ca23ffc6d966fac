using System.Text.Json;
using IlZo.Inference;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Server.Api;

/// <summary>A request for the next message of a conversation.</summary>
/// <param name="Common">What it has in common with others.</param>
/// <param name="Messages">The conversation.</param>
/// <param name="Alternatives">How many alternatives of each token are told; null for nothing about tokens.</param>
internal sealed record ChatFields(GenerationFields Common, IReadOnlyList<ChatMessage> Messages, int? Alternatives)
{
    private const string Content = "content";

    /// <summary>Reads a request.</summary>
    /// <exception cref="ApiException">It cannot be served.</exception>
    public static ChatFields Read(RequestFields fields, ServedModels models)
    {
        var common = GenerationFields.Read(fields, models, "max_completion_tokens", "max_tokens");
        var messages = Conversation(fields.Require("messages"));
        foreach (string name in (string[])["tools", "functions"])
        {
            fields.RequireNeutral(name, GenerationFields.IsEmpty, "none, since models here call nothing,");
        }

        foreach (string name in (string[])["tool_choice", "function_call"])
        {
            fields.RequireNeutral(name, v => IsText(v, "none", "auto"), "'none'");
        }

        fields.RequireNeutral(
            "response_format", v => v.ValueKind == JsonValueKind.Object && v.GetPropertyCount() == 1
                && v.TryGetProperty("type", out var type) && IsText(type, "text"), """{"type": "text"}""");
        fields.RequireNeutral(
            "modalities", v => v.ValueKind == JsonValueKind.Array && v.EnumerateArray().All(m => IsText(m, "text")), """["text"]""");
        bool tells = fields.Flag("logprobs");
        long? top = fields.Whole(
            "top_logprobs", 0, GenerationFields.MostAlternatives, $"a whole number from 0 to {GenerationFields.MostAlternatives}");
        if (top is not null && !tells)
        {
            throw ApiException.OfField("top_logprobs", $"{top}", "logprobs true beside it");
        }

        fields.RefuseOthers();
        return new ChatFields(common, messages, tells ? (int)(top ?? 0) : null);
    }

    private static List<ChatMessage> Conversation(JsonElement messages)
    {
        const string name = "messages";
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            string found = messages.ValueKind == JsonValueKind.Array ? "empty" : RequestFields.Kind(messages);
            throw ApiException.OfField(name, found, "an array of at least one message");
        }

        return [.. messages.EnumerateArray().Select((message, i) => Message(RequestFields.Of(message, $"{name}[{i}]")))];
    }

    // What is written for tools, and names of the participants, would be left out in silence.
    private static ChatMessage Message(RequestFields message)
    {
        string role = message.RequireText("role") switch
        {
            "system" or "developer" => "system",
            "user" => "user",
            "assistant" => "assistant",
            var other => throw ApiException.OfField(
                message.Place("role"), other.Length > 40 ? "a text" : $"'{other}'", "'system', 'developer', 'user' or 'assistant'"),
        };
        string text = Text(message.Require(Content), message.Place(Content));
        message.RequireNeutral("tool_calls", GenerationFields.IsEmpty, "none, since models here call nothing,");
        message.RefuseOthers(harmlessToo: true);
        return new ChatMessage(role, text);
    }

    private static string Text(JsonElement content, string place) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString()!,
        JsonValueKind.Array => string.Concat(content.EnumerateArray().Select((part, i) => Part(RequestFields.Of(part, $"{place}[{i}]")))),
        _ => throw ApiException.OfField(place, RequestFields.Kind(content), "a text, or an array of parts,", "invalid_type"),
    };

    private static string Part(RequestFields part)
    {
        string type = part.RequireText("type");
        if (type != "text")
        {
            throw ApiException.OfField(part.Place("type"), type.Length > 40 ? "another" : $"'{type}'", "'text'", "unsupported_value");
        }

        string text = part.RequireText("text");
        part.RefuseOthers(harmlessToo: true);
        return text;
    }

    private static bool IsText(JsonElement value, params string[] texts) =>
        value.ValueKind == JsonValueKind.String && texts.Contains(value.GetString());
}
