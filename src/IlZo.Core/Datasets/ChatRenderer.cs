using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>A text of which parts are learned.</summary>
/// <param name="Text">The text.</param>
/// <param name="Spans">Where each of the parts begins and ends.</param>
internal sealed record LearnedText(string Text, IReadOnlyList<(int Start, int End)> Spans);

/// <summary>
/// Writes conversations with a chat template and finds the assistant's turns in them. A turn is what its message adds to the conversation
/// before it with the generation prompt behind. Where the template writes earlier turns differently when others follow (Qwen3, Phi-4),
/// there is a text for each turn: the conversation up to it, which is what the model sees when it writes that turn.
/// </summary>
/// <param name="template">The template.</param>
/// <param name="lastOnly">Whether only the last turn of each conversation is learned.</param>
/// <param name="cancellation">Ends the work.</param>
internal sealed class ChatRenderer(ChatTemplate template, bool lastOnly = false, CancellationToken cancellation = default)
{
    // Data must not depend on the day on which they are read; the date is the one that Llama 3's template falls back on.
    private static readonly DateTime s_now = new(2024, 7, 26, 0, 0, 0, DateTimeKind.Unspecified);

    // What a conversation's own variables may not stand for.
    private static readonly string[] s_fixed = ["messages", "tools", "add_generation_prompt"];

    /// <summary>
    /// The texts of a conversation, one unless the template rewrites earlier turns. What the template does not read is noted in the row.
    /// </summary>
    /// <exception cref="InvalidInputException">The template cannot write the conversation.</exception>
    public IReadOnlyList<LearnedText> Render(DataRow row, Conversation conversation)
    {
        NoteUnread(row, conversation);
        try
        {
            int[] learned = lastOnly ? [conversation.Learned[^1]] : [.. conversation.Learned];
            var whole = Written(conversation, conversation.Messages.Count, addGenerationPrompt: false);
            if (whole.Generated.Count > 0)
            {
                return [new LearnedText(whole.Text, Marked(row, conversation, whole.Generated, learned))];
            }

            return InOne(conversation, whole.Text, learned) is { } spans
                ? [new LearnedText(whole.Text, spans)]
                : [.. learned.Select(turn => Alone(row, conversation, turn))];
        }
        catch (InvalidInputException e)
        {
            throw e.Message.StartsWith(row.Where, StringComparison.Ordinal) ? e : new InvalidInputException($"{row.Where}: {e.Message}", e);
        }
    }

    // Null where the template writes a turn or what is before it differently when others follow.
    private List<(int Start, int End)>? InOne(Conversation conversation, string whole, int[] learned)
    {
        var turns = new List<(int Start, int End)>();
        foreach (int turn in learned)
        {
            string before = Before(conversation, turn, whole);
            string until = turn + 1 == conversation.Messages.Count
                ? whole
                : Written(conversation, turn + 1, addGenerationPrompt: false).Text;
            if (!whole.StartsWith(before, StringComparison.Ordinal) || !whole.StartsWith(until, StringComparison.Ordinal)
                || until.Length <= before.Length)
            {
                return null;
            }

            turns.Add((before.Length, until.Length));
        }

        return turns;
    }

    private LearnedText Alone(DataRow row, Conversation conversation, int turn)
    {
        string until = Written(conversation, turn + 1, addGenerationPrompt: false).Text;
        string before = Before(conversation, turn, until);
        return until.StartsWith(before, StringComparison.Ordinal) && until.Length > before.Length
            ? new LearnedText(until, [(before.Length, until.Length)])
            : throw row.Error(
                $"{template.Name} writes what stands in front of message {turn + 1} differently when that message follows, so that the "
                    + "assistant's turn cannot be found; "
                + "a template with {% generation %}, or one whose generation prompt begins the turn, was expected");
    }

    // What the model sees before a turn. Some templates have no generation prompt.
    private string Before(Conversation conversation, int turn, string whole)
    {
        string prompted = Written(conversation, turn, addGenerationPrompt: true).Text;
        return whole.StartsWith(prompted, StringComparison.Ordinal)
            ? prompted
            : Written(conversation, turn, addGenerationPrompt: false).Text;
    }

    private IReadOnlyList<(int Start, int End)> Marked(
        DataRow row, Conversation conversation, IReadOnlyList<(int Start, int End)> generated, int[] learned)
    {
        int[] turns = [.. conversation.AssistantTurns];
        if (learned.Length == turns.Length)
        {
            return generated;
        }

        return generated.Count == turns.Length
            ? [.. learned.Select(turn => generated[Array.IndexOf(turns, turn)])]
            : throw row.Error(
                $"{template.Name} marks {generated.Count} parts with {{% generation %}} and the assistant has {turns.Length} turns, of "
                    + $"which {learned.Length} are to be learned; "
                + "a part for each turn was expected");
    }

    // A name that does not stand in the template's text is one that it cannot read.
    private void NoteUnread(DataRow row, Conversation conversation)
    {
        if (conversation.Tools is not null && !template.Mentions("tools"))
        {
            row.NoteUnused("tools");
        }

        foreach (string name in conversation.Variables.Keys)
        {
            if (s_fixed.Contains(name))
            {
                throw row.Error(
                    $"\"chat_template_kwargs\" has \"{name}\", which the conversation itself stands for; another variable was expected");
            }

            if (!template.Mentions(name))
            {
                row.NoteUnused($"chat_template_kwargs.{name}");
            }
        }

        foreach (int turn in Enumerable.Range(0, conversation.Messages.Count))
        {
            var message = conversation.Message(turn);
            foreach (var (name, value) in message)
            {
                if (name is not ("role" or "content") && TemplateValue.IsTrue(value) && !template.Mentions(name))
                {
                    row.NoteUnused($"messages[].{name}");
                    if (name == "tool_calls" && message["content"] is null or "")
                    {
                        throw row.Error($"message {turn + 1} is a call of tools (\"tool_calls\"), which {template.Name} does not write; a "
                            + "template that does was expected");
                    }
                }
            }
        }
    }

    private RenderedChat Written(Conversation conversation, int messages, bool addGenerationPrompt) => template.RenderValues(
        conversation.Messages[..messages], addGenerationPrompt, s_now, cancellation, conversation.Tools, conversation.Variables);
}
