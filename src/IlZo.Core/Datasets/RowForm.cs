namespace IlZo.Datasets;

/// <summary>What the columns of a row mean.</summary>
internal enum RowForm
{
    /// <summary><c>messages</c>: a conversation of <c>role</c> and <c>content</c>.</summary>
    Messages,

    /// <summary><c>conversations</c>: a conversation of <c>from</c> and <c>value</c>.</summary>
    Conversations,

    /// <summary><c>prompt</c> and <c>completion</c>.</summary>
    Prompt,

    /// <summary><c>instruction</c>, <c>output</c> and perhaps <c>input</c>.</summary>
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
    private static readonly (RowForm Form, string[] Columns)[] s_all =
    [
        (RowForm.Messages, ["messages"]),
        (RowForm.Conversations, ["conversations"]),
        (RowForm.Prompt, ["prompt", "completion"]),
        (RowForm.Instruction, ["instruction", "output"]),
        (RowForm.Question, ["question", "answer"]),
        (RowForm.Text, ["text"]),
    ];

    /// <summary>The form of a row.</summary>
    /// <exception cref="InvalidInputException">Its columns are those of no form.</exception>
    public static RowForm Of(DataRow row)
    {
        foreach (var (form, columns) in s_all)
        {
            if (columns.All(row.Columns.ContainsKey))
            {
                return form;
            }
        }

        string[] expected = [.. s_all.Select(f => string.Join(" with ", f.Columns.Select(c => $"\"{c}\"")))];
        throw row.Error(
            $"has the columns {string.Join(", ", row.Columns.Keys.Select(c => $"\"{c}\""))}; "
            + $"{string.Join(", ", expected[..^1])} or {expected[^1]} was expected (labels to choose from need --task)");
    }

    /// <summary>Prompt and completion of a row of such a form.</summary>
    public static (string Prompt, string Completion) Pair(RowForm form, DataRow row) => form switch
    {
        RowForm.Prompt => (row.Text("prompt"), row.NonEmptyText("completion")),
        RowForm.Question => ($"Question: {row.NonEmptyText("question")}\nAnswer:", " " + row.NonEmptyText("answer")),
        _ => (Alpaca(row), row.NonEmptyText("output")),
    };

    // The prompts of tatsu-lab/stanford_alpaca, train.py.
    private static string Alpaca(DataRow row)
    {
        string instruction = row.NonEmptyText("instruction");
        string input = row.Columns.ContainsKey("input") ? row.Text("input") : string.Empty;
        return input.Length == 0
            ? "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
                + $"### Instruction:\n{instruction}\n\n### Response:"
            : "Below is an instruction that describes a task, paired with an input that provides further context. "
                + "Write a response that appropriately completes the request.\n\n"
                + $"### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:";
    }
}
