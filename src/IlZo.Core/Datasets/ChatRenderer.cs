using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>Writes conversations with a chat template and finds the assistant's turns in them.</summary>
/// <param name="template">The template.</param>
/// <param name="cancellation">Ends the work.</param>
internal sealed class ChatRenderer(ChatTemplate template, CancellationToken cancellation = default)
{
    // Data must not depend on the day on which they are read; the date is the one that Llama 3's template falls back on.
    private static readonly DateTime s_now = new(2024, 7, 26, 0, 0, 0, DateTimeKind.Unspecified);

    private static readonly Dictionary<string, string> s_roles = new(StringComparer.Ordinal)
    {
        ["human"] = "user",
        ["user"] = "user",
        ["gpt"] = "assistant",
        ["assistant"] = "assistant",
        ["model"] = "assistant",
        ["system"] = "system",
    };

    /// <summary>A row's conversation as text, and where the assistant's turns begin and end in it.</summary>
    /// <exception cref="InvalidInputException">The row is no conversation, or the template cannot write it.</exception>
    public (string Text, IReadOnlyList<(int Start, int End)> Spans) Render(DataRow row, RowForm form)
    {
        if (row.Columns.TryGetValue("tools", out var tools) && TemplateValue.IsTrue(tools))
        {
            throw row.Error("has \"tools\", which are not supported; a conversation without them was expected");
        }

        var messages = form == RowForm.Messages ? Messages(row) : Conversations(row);
        try
        {
            var whole = Written(messages, addGenerationPrompt: false);
            return (whole.Text, whole.Generated.Count > 0 ? whole.Generated : Turns(row, messages, whole.Text));
        }
        catch (InvalidInputException e)
        {
            throw e.Message.StartsWith(row.Where, StringComparison.Ordinal) ? e : new InvalidInputException($"{row.Where}: {e.Message}", e);
        }
    }

    // An assistant's turn is what its message adds to the conversation before it with the generation prompt behind.
    private List<(int Start, int End)> Turns(DataRow row, List<object?> messages, string whole)
    {
        var turns = new List<(int Start, int End)>();
        for (int i = 0; i < messages.Count; i++)
        {
            if (RoleOf(messages[i]) != "assistant")
            {
                continue;
            }

            string before = Written(messages[..i], addGenerationPrompt: true).Text;
            before = whole.StartsWith(before, StringComparison.Ordinal) ? before : Written(messages[..i], addGenerationPrompt: false).Text;
            string until = i + 1 == messages.Count ? whole : Written(messages[..(i + 1)], addGenerationPrompt: false).Text;
            if (!whole.StartsWith(before, StringComparison.Ordinal) || !whole.StartsWith(until, StringComparison.Ordinal) || until.Length <= before.Length)
            {
                throw row.Error(
                    $"{template.Name} writes what stands around message {i + 1} differently when other messages follow, so that the assistant's turn cannot be found; "
                    + "a template with {% generation %} or a conversation of one turn was expected");
            }

            turns.Add((before.Length, until.Length));
        }

        return turns;
    }

    private RenderedChat Written(List<object?> messages, bool addGenerationPrompt) =>
        template.RenderValues(messages, addGenerationPrompt, s_now, cancellation);

    private static string? RoleOf(object? message) => ((OrderedDictionary<string, object?>)message!)["role"] as string;

    private static List<object?> Messages(DataRow row)
    {
        var messages = List(row, "messages");
        for (int i = 0; i < messages.Count; i++)
        {
            var message = Member(row, "messages", i, messages[i]);
            Text(row, "messages", i, message, "role");
            Text(row, "messages", i, message, "content");
        }

        return Checked(row, "messages", messages, "content");
    }

    private static List<object?> Conversations(DataRow row)
    {
        var turns = List(row, "conversations");
        var messages = new List<object?>();
        for (int i = 0; i < turns.Count; i++)
        {
            var turn = Member(row, "conversations", i, turns[i]);
            string from = Text(row, "conversations", i, turn, "from");
            string role = s_roles.GetValueOrDefault(from)
                ?? throw row.Error($"\"conversations\"[{i}] is from \"{from}\"; one of {string.Join(", ", s_roles.Keys)} was expected");
            messages.Add(new OrderedDictionary<string, object?> { ["role"] = role, ["content"] = Text(row, "conversations", i, turn, "value") });
        }

        return Checked(row, "conversations", messages, "value");
    }

    private static List<object?> Checked(DataRow row, string column, List<object?> messages, string content)
    {
        int assistant = messages.FindIndex(m => RoleOf(m) == "assistant");
        if (assistant <= 0)
        {
            throw row.Error(assistant < 0
                ? $"\"{column}\" has no turn of the assistant; at least one was expected, which is learned"
                : $"\"{column}\" begins with the assistant; another message was expected in front of it");
        }

        int empty = messages.FindIndex(m => RoleOf(m) == "assistant" && string.IsNullOrWhiteSpace((string)((OrderedDictionary<string, object?>)m!)["content"]!));
        return empty < 0 ? messages : throw row.Error($"\"{column}\"[{empty}] has an empty \"{content}\"; text of the assistant was expected");
    }

    private static List<object?> List(DataRow row, string column) => row.Columns[column] as List<object?>
        ?? throw row.Error($"\"{column}\" is {TemplateValue.KindOf(row.Columns[column])}; a list of messages was expected");

    private static OrderedDictionary<string, object?> Member(DataRow row, string column, int index, object? item) => item as OrderedDictionary<string, object?>
        ?? throw row.Error($"\"{column}\"[{index}] is {TemplateValue.KindOf(item)}; an object was expected");

    private static string Text(DataRow row, string column, int index, OrderedDictionary<string, object?> message, string name) =>
        !message.TryGetValue(name, out var value) ? throw row.Error($"\"{column}\"[{index}] has no \"{name}\"")
        : value as string ?? throw row.Error($"\"{column}\"[{index}] has a \"{name}\" that is {TemplateValue.KindOf(value)}; text was expected");
}
