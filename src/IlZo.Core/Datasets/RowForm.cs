using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>What the columns of a row mean.</summary>
internal enum RowForm
{
    /// <summary><c>messages</c> or <c>conversations</c>: a list of turns.</summary>
    Conversation,

    /// <summary><c>prompt</c> and <c>completion</c>, both texts or both lists of messages.</summary>
    Prompt,

    /// <summary><c>instruction</c>, <c>output</c> and perhaps <c>input</c>, <c>system</c> and <c>history</c>.</summary>
    Instruction,

    /// <summary><c>question</c> and <c>answer</c>.</summary>
    Question,

    /// <summary><c>text</c>.</summary>
    Text,
}

/// <summary>Finds the form of rows by their columns.</summary>
internal static class RowForms
{
    // The first whose columns a row has.
    private static readonly (RowForm Form, string[] Required, string[] Optional)[] s_all =
    [
        (RowForm.Conversation, ["messages"], ["system", "tools", "chat_template_kwargs"]),
        (RowForm.Conversation, ["conversations"], ["system", "tools", "chat_template_kwargs"]),
        (RowForm.Prompt, ["prompt", "completion"], ["system", "tools", "chat_template_kwargs"]),
        (RowForm.Instruction, ["instruction", "output"], ["input", "system", "history"]),
        (RowForm.Question, ["question", "answer"], []),
        (RowForm.Text, ["text"], []),
    ];

    // What the rest of a row says nothing without.
    private static readonly (string[] Columns, string Meaning)[] s_refused =
    [
        (["chosen"], "a preferred answer next to a rejected one; training on preference pairs is not supported"),
        (["rejected"], "an answer that is not wanted; training on preference pairs is not supported"),
        (["kto_tag"], "whether an answer is wanted; such marks are not learned from"),
        (["image", "images", "video", "videos", "audio", "audios"], "something other than text; only texts are learned"),
    ];

    private static readonly HashSet<string> s_labels = new(StringComparer.OrdinalIgnoreCase) { "label", "labels", "class", "category" };

    /// <summary>The names that columns can have, in the order of the forms.</summary>
    public static IReadOnlyList<string> Columns { get; } = [.. s_all.SelectMany(f => f.Required.Concat(f.Optional)).Distinct()];

    /// <summary>The columns that are refused where they hold something.</summary>
    public static IReadOnlyList<string> RefusedColumns { get; } = [.. s_refused.SelectMany(r => r.Columns)];

    /// <summary>Whether a column is called as those are that hold one of several answers.</summary>
    public static bool IsLabel(string column) => s_labels.Contains(column);

    /// <summary>The form of a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="named">Columns that the user named; a form with one of them goes before others.</param>
    /// <exception cref="InvalidInputException">Its columns are those of no form, or one of them is refused.</exception>
    public static RowForm Of(DataRow row, IReadOnlyCollection<string> named)
    {
        foreach (var (columns, meaning) in s_refused)
        {
            if (columns.FirstOrDefault(c => TemplateValue.IsTrue(row.Peek(c))) is { } refused)
            {
                throw row.Error($"has \"{refused}\", {meaning} (rows without it, or other {Setting.Columns}, were expected)");
            }
        }

        foreach (var (form, required, _) in s_all.OrderBy(f => f.Required.Any(named.Contains) ? 0 : 1))
        {
            if (required.All(row.Has))
            {
                return form == RowForm.Prompt && row.Peek("label") is bool
                    ? throw row.Error("has a \"label\" that says whether the completion is wanted; such marks are not learned from (rows "
                        + "that are all wanted, without it, were expected)")
                    : form;
            }
        }

        string[] expected = [.. s_all.Select(f => string.Join(" with ", f.Required.Select(c => $"\"{c}\"")))];
        throw row.Error(
            $"has the columns {QuotedNames.List(row.Names)}; "
            + $"{string.Join(", ", expected[..^1])} or {expected[^1]} was expected; {Setting.Columns} says which columns stand for them, "
            + $"as in {Setting.Columns} prompt=Question,completion=Answer (labels to choose from need {Setting.Task})");
    }
}
