using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>
/// Reads the conversation of a row: a list of messages with <c>role</c> and <c>content</c> (OpenAI, transformers) or <c>from</c> and
/// <c>value</c> (ShareGPT), or the two lists of <c>prompt</c> and <c>completion</c> (TRL), of which the second is learned.
/// </summary>
/// <param name="row">The row.</param>
internal sealed class ConversationReader(DataRow row)
{
    public const string Assistant = "assistant";
    private const string System = "system";

    private readonly List<object?> _messages = [];
    private readonly List<int> _learned = [];

    /// <summary>The conversation of the row.</summary>
    /// <exception cref="InvalidInputException">The row has none, or something in it has no meaning here.</exception>
    public Conversation Read()
    {
        if (row.Has("messages") || row.Has("conversations"))
        {
            Add(row.Has("messages") ? "messages" : "conversations", learned: true);
        }
        else
        {
            Add("prompt", learned: false);
            Add("completion", learned: true);
        }

        AddSystem();
        var conversation = new Conversation(_messages, _learned, Tools(), Variables());
        Check(conversation);
        return conversation;
    }

    private void Add(string column, bool learned)
    {
        object? value = row.Find(column);
        var turns = value as List<object?>
            ?? throw row.Error($"\"{column}\" is {TemplateValue.KindOf(value)}; a list of messages was expected");
        for (int i = 0; i < turns.Count; i++)
        {
            var turn = new TurnReader(row, column, i, turns[i]);
            var message = turn.Message();
            if (turn.IsLearned(message) && learned)
            {
                _learned.Add(_messages.Count);
            }

            _messages.Add(message);
        }
    }

    // As if the conversation began with it. Two of them may not differ, for one would be dropped.
    private void AddSystem()
    {
        string text = row.TextOrEmpty(System);
        if (text.Length == 0)
        {
            return;
        }

        if (_messages is [OrderedDictionary<string, object?> first, ..] && first["role"] is System)
        {
            if (first["content"] is not string own || own != text)
            {
                throw row.Error(
                    "has a \"system\" that differs from the system message its conversation begins with; one of them was expected");
            }

            return;
        }

        _messages.Insert(0, new OrderedDictionary<string, object?> { ["role"] = System, ["content"] = text });
        for (int i = 0; i < _learned.Count; i++)
        {
            _learned[i]++;
        }
    }

    // LLaMA-Factory has them as text, transformers as a list.
    private List<object?>? Tools()
    {
        object? value = row.Find("tools");
        value = value is string { Length: > 0 } text ? JsonValues.Parse(text, problem => row.Error($"\"tools\" {problem}")) : value;
        return value switch
        {
            List<object?> { Count: > 0 } tools => tools,
            null or "" or List<object?> => null,
            _ => throw row.Error($"\"tools\" is {TemplateValue.KindOf(value)}; a list of tools, or JSON text of one, was expected"),
        };
    }

    private OrderedDictionary<string, object?> Variables()
    {
        object? value = row.Find("chat_template_kwargs");
        return value is null ? [] : value as OrderedDictionary<string, object?>
            ?? throw row.Error($"\"chat_template_kwargs\" is {TemplateValue.KindOf(value)}; variables of the chat template were expected");
    }

    private void Check(Conversation conversation)
    {
        if (!conversation.AssistantTurns.Any())
        {
            throw row.Error("the conversation has no turn of the assistant; at least one was expected, which is learned");
        }

        if (_learned.Count == 0)
        {
            throw row.Error("the conversation has no turn of the assistant that is to be learned: all are in the prompt, or marked with "
                + "\"weight\" 0 or \"train\" false; at least one was expected");
        }

        if (_learned[0] == 0)
        {
            throw row.Error("the conversation begins with the assistant; another message was expected in front of it");
        }
    }
}
