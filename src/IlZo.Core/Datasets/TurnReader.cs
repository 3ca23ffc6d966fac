using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>Reads one message of a conversation.</summary>
/// <param name="row">The row.</param>
/// <param name="column">The column of the conversation.</param>
/// <param name="index">The number of the message in it, from 0.</param>
/// <param name="item">The message.</param>
internal sealed class TurnReader(DataRow row, string column, int index, object? item)
{
    private const string ToolCalls = "tool_calls";

    private static readonly string[] s_names = ["role", "from"];
    private static readonly string[] s_contents = ["content", "value"];
    private static readonly string[] s_marks = ["weight", "train", "training"];
    private static readonly string[] s_details = ["train_detail", "training_detail"];

    // Of ShareGPT's turns; what a turn with "role" says is left to the template.
    private static readonly Dictionary<string, string> s_roles = new(StringComparer.Ordinal)
    {
        ["human"] = "user",
        ["user"] = "user",
        ["gpt"] = ConversationReader.Assistant,
        ["assistant"] = ConversationReader.Assistant,
        ["model"] = ConversationReader.Assistant,
        ["system"] = "system",
        ["tool"] = "tool",
        ["observation"] = "tool",
        ["function_call"] = ConversationReader.Assistant,
    };

    private readonly OrderedDictionary<string, object?> _turn = item as OrderedDictionary<string, object?>
        ?? throw row.Error($"\"{column}\"[{index}] is {TemplateValue.KindOf(item)}; an object was expected");

    /// <summary>
    /// The message as a template takes it: <c>role</c>, <c>content</c> and what else it holds, in its own order, without marks.
    /// </summary>
    public OrderedDictionary<string, object?> Message()
    {
        string named = One(s_names), written = One(s_contents, required: false);
        string role = Role(named);
        var message = new OrderedDictionary<string, object?>();
        foreach (var (name, value) in _turn)
        {
            if (name == named)
            {
                message["role"] = role;
            }
            else if (name == written)
            {
                message["content"] = Content(value, written);
            }
            else if (value is not null && !s_marks.Contains(name))
            {
                message[name] = value;
            }
        }

        message.TryAdd("content", null);
        if (named == "from" && _turn[named] is "function_call")
        {
            Call(message, written);
        }

        return message["content"] is not null || (role == ConversationReader.Assistant && HasMore(message)) ? message
            : throw Error(_turn.ContainsKey(written) ? $"has a \"{written}\" that is none; text was expected" : $"has no \"{written}\"");
    }

    /// <summary>Whether the message is learned: one of the assistant that no mark keeps out.</summary>
    /// <exception cref="InvalidInputException">A mark is neither yes nor no, or nothing can be learned.</exception>
    public bool IsLearned(OrderedDictionary<string, object?> message)
    {
        if (s_details.FirstOrDefault(d => _turn.GetValueOrDefault(d) is not null) is { } detail)
        {
            throw Error($"has \"{detail}\", parts of a turn that are learned or not; turns that are learned as a whole or not at all "
                + "(\"weight\", \"train\") were expected");
        }

        bool assistant = message["role"] is ConversationReader.Assistant;
        bool? marked = null;
        foreach (string mark in s_marks)
        {
            bool? value = _turn.GetValueOrDefault(mark) switch
            {
                null => null,
                bool flag => flag,
                0L or 0.0 => false,
                1L or 1.0 => true,
                var other => throw Error(
                    $"has a \"{mark}\" that is {(other is string or long or double ? $"{other}" : TemplateValue.KindOf(other))}; 0 or 1 "
                        + "was expected"),
            };
            marked = marked is { } earlier && value is { } later && earlier != later
                ? throw Error($"has a \"{mark}\" that contradicts its other marks")
                : marked ?? value;
        }

        if (!assistant)
        {
            return marked == true && _turn.GetValueOrDefault("weight") is null
                ? throw Error($"is marked to be learned and of the role \"{message["role"]}\"; only turns of the assistant are learned "
                    + $"({Setting.TrainOnPrompt} learns all)")
                : false;
        }

        bool empty = message["content"] is not string text || string.IsNullOrWhiteSpace(text);
        return marked != false && empty && !HasMore(message)
            ? throw Error("has an empty \"content\"; text of the assistant was expected")
            : marked != false;
    }

    private InvalidInputException Error(string problem) => row.Error($"\"{column}\"[{index}] {problem}");

    // The one of two names that the message has.
    private string One(string[] names, bool required = true) => _turn.ContainsKey(names[0]) && _turn.ContainsKey(names[1])
        ? throw Error($"has both \"{names[0]}\" and \"{names[1]}\"; one of them was expected")
        : names.FirstOrDefault(_turn.ContainsKey)
            ?? (required
                ? throw Error($"has no \"{(column == "conversations" ? names[1] : names[0])}\"")
                : names[column == "conversations" ? 1 : 0]);

    private string Role(string named)
    {
        string role = _turn[named] as string ?? throw Error(
            $"has a \"{named}\" that is {TemplateValue.KindOf(_turn[named])}; text was expected");
        return named == "role" ? role
            : s_roles.GetValueOrDefault(role) ?? throw Error($"is from \"{role}\"; one of {string.Join(", ", s_roles.Keys)} was expected");
    }

    // Parts of text are joined as they are: most templates take text only.
    private string? Content(object? value, string name) => value switch
    {
        null => null,
        string text => text,
        List<object?> parts => string.Concat(parts.Select((part, i) => Part(part, $"{name}[{i}]"))),
        _ => throw Error($"has a \"{name}\" that is {TemplateValue.KindOf(value)}; text was expected"),
    };

    private string Part(object? part, string place)
    {
        if (part is not OrderedDictionary<string, object?> fields)
        {
            throw Error(
                $"has a {place} that is {TemplateValue.KindOf(part)}; a part such as {{\"type\": \"text\", \"text\": …}} was expected");
        }

        if (fields.GetValueOrDefault("type") is not "text")
        {
            throw Error($"has a {place} of the type {(fields.GetValueOrDefault("type") is string type ? $"\"{type}\"" : "none")}; only "
                + "parts of the type \"text\" can be learned from");
        }

        foreach (var (name, value) in fields)
        {
            if (value is not null && name is not ("type" or "text"))
            {
                row.NoteUnused($"{column}[].content[].{name}");
            }
        }

        return fields.GetValueOrDefault("text") as string ?? throw Error(
            $"has a {place} whose \"text\" is {TemplateValue.KindOf(fields.GetValueOrDefault("text"))}; text was expected");
    }

    // LLaMA-Factory's calls: their JSON is the text of a turn.
    private void Call(OrderedDictionary<string, object?> message, string written)
    {
        object? value = JsonValues.Parse(
            message["content"] as string ?? string.Empty, problem => Error($"is from \"function_call\", and its \"{written}\" {problem}"));
        var calls = value as List<object?> ?? [value];
        if (calls.Count == 0 || !calls.All(c => c is OrderedDictionary<string, object?> call && call.GetValueOrDefault("name") is string))
        {
            throw Error(
                $"is from \"function_call\", and its \"{written}\" is not JSON of a \"name\" with \"arguments\", which was expected");
        }

        message["content"] = string.Empty;
        message[ToolCalls] =
            calls.Select(c => (object?)new OrderedDictionary<string, object?> { ["type"] = "function", ["function"] = c }).ToList();
    }

    private static bool HasMore(OrderedDictionary<string, object?> message) =>
        message.Any(m => m.Key == ToolCalls || (m.Key is not ("role" or "content" or "name") && TemplateValue.IsTrue(m.Value)));
}
