using System.Text;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>
/// The prompts of Alpaca (tatsu-lab/stanford_alpaca, train.py). A <c>system</c> column takes the place of its first sentence, as in
/// axolotl's alpaca prompts; the pairs of a <c>history</c> column stand in front, and their answers are learned too, as in LLaMA-Factory.
/// </summary>
internal static class AlpacaPrompt
{
    private const string Plain =
        "Below is an instruction that describes a task. Write a response that appropriately completes the request.";
    private const string WithInput =
        "Below is an instruction that describes a task, paired with an input that provides further context. "
        + "Write a response that appropriately completes the request.";

    /// <summary>The text of a row with its output, which is learned to the end of the text.</summary>
    /// <exception cref="InvalidInputException">A column holds something else than it should.</exception>
    public static LearnedText Of(DataRow row)
    {
        string instruction = row.NonEmptyText("instruction");
        string input = row.TextOrEmpty("input");
        string output = row.NonEmptyText("output");
        string system = row.TextOrEmpty("system");
        var spans = new List<(int Start, int End)>();
        var text = new StringBuilder(system.Length > 0 ? system : input.Length > 0 ? WithInput : Plain).Append("\n\n");
        foreach (var (earlier, answer) in History(row))
        {
            text.Append($"### Instruction:\n{earlier}\n\n### Response:");
            spans.Add((text.Length, text.Length + answer.Length));
            text.Append(answer).Append("\n\n");
        }

        text.Append($"### Instruction:\n{instruction}\n\n").Append(input.Length > 0 ? $"### Input:\n{input}\n\n" : string.Empty).Append(
            "### Response:");
        spans.Add((text.Length, int.MaxValue));
        return new LearnedText(text.Append(output).ToString(), spans);
    }

    private static IEnumerable<(string Instruction, string Answer)> History(DataRow row)
    {
        if (row.Find("history") is not { } value)
        {
            yield break;
        }

        var pairs = value as List<object?>
            ?? (value is ""
                ? []
                : throw row.Error($"\"history\" is {TemplateValue.KindOf(value)}; a list of pairs of instruction and answer was expected"));
        for (int i = 0; i < pairs.Count; i++)
        {
            yield return pairs[i] is List<object?> and [string instruction, string answer]
                ? (instruction, answer)
                : throw row.Error($"\"history\"[{i}] is not a pair of texts; an instruction and its answer were expected");
        }
    }
}
