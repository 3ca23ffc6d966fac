using IlZo.Tasks;
using IlZo.Tokenization;

namespace IlZo.Datasets;

/// <summary>
/// Turns rows into tokens. What is learned is the completion and the token that ends a text, the assistant's turns of a conversation, or
/// all of a text; with <c>trainOnPrompt</c> always all but the first token, which nothing predicts.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="maxLength">Tokens of an example at most.</param>
/// <param name="windowLength">Tokens of a part of a text at most.</param>
/// <param name="trainOnPrompt">Whether prompts are learned too.</param>
/// <param name="chat">Writes conversations; asked for only where there are some.</param>
/// <param name="cancellation">Ends the work.</param>
internal sealed class RowEncoder(
    ITokenizer tokenizer, int maxLength, int windowLength, bool trainOnPrompt, Lazy<ChatRenderer> chat, CancellationToken cancellation = default)
{
    /// <summary>The examples of a row: one, or several where a text is long.</summary>
    /// <exception cref="InvalidInputException">The row cannot be used.</exception>
    public EncodedExample[] Encode(DataRow row)
    {
        cancellation.ThrowIfCancellationRequested();
        var form = RowForms.Of(row);
        switch (form)
        {
            case RowForm.Text:
                return Windows(row.NonEmptyText("text"), row.Where);
            case RowForm.Messages or RowForm.Conversations:
                var rendered = chat.Value.Render(row, form);
                return [Fitted(row, tokenizer.EncodeMarkup(rendered.Text), rendered.Spans, rendered.Text, text => tokenizer.EncodeMarkup(text))];
            default:
                var (prompt, completion) = RowForms.Pair(form, row);
                string text = prompt + completion;
                return [Fitted(row, [.. Framed(text), .. End], [(prompt.Length, int.MaxValue)], text, Framed)];
        }
    }

    /// <summary>A text in parts of at most <c>windowLength</c> tokens, each with the BOS token in front where the tokenizer has one.</summary>
    public EncodedExample[] Windows(string text, string where)
    {
        int[] tokens = [.. tokenizer.Encode(text, addSpecialTokens: false), .. End];
        int[][] windows = [.. tokens.Chunk(windowLength - Begin.Length).Select(w => (int[])[.. Begin, .. w]).Where(w => w.Length > 1)];
        return windows.Length > 0
            ? [.. windows.Select(w => new EncodedExample([new EncodedCandidate(w, w.Length - 1)], 0, where))]
            : throw new InvalidInputException($"{where}: the text is a single token; at least two were expected, so that one predicts the other.");
    }

    private int[] Begin => tokenizer.BosId is { } bos ? [bos] : [];

    private int[] End => tokenizer.EosId is { } eos ? [eos] : [];

    private int[] Framed(string text) => [.. Begin, .. text.Length > 0 ? tokenizer.Encode(text, addSpecialTokens: false) : []];

    /// <summary>An example whose scored tokens are those of spans of its text, cut on the left to the maximum length.</summary>
    /// <param name="tokens">The text's tokens, with what ends it.</param>
    /// <param name="spans">Start and end of what is learned, in characters; an end beyond the text stands for all that follows.</param>
    /// <param name="encode">How the beginning of the text becomes tokens.</param>
    private EncodedExample Fitted(
        DataRow row, int[] tokens, IReadOnlyList<(int Start, int End)> spans, string text, Func<string, int[]> encode)
    {
        // A token over the edge of a span belongs to what it begins in front of: to the span at its start, not at its end.
        (int Start, int End)[] places = [.. spans.Select(s => (Place(s.Start), s.End > text.Length ? tokens.Length : Place(s.End)))];
        int[] scored = [.. places.SelectMany(p => Enumerable.Range(p.Start, p.End - p.Start)).Where(p => p > 0)];
        if (scored.Length == 0)
        {
            throw row.Error("nothing is left to learn behind the prompt; expected a completion that the tokenizer keeps apart from it");
        }

        // What stands behind the last scored token has no part in the loss.
        int length = scored[^1] + 1;
        int last = length - Math.Max(places[^1].Start, 1);
        int kept = tokens[0] == tokenizer.BosId ? 1 : 0;
        if (last > maxLength - 1)
        {
            throw row.Error($"what is to be learned has {last} tokens; at most {maxLength - 1} were expected, so that one remains in front of them (--max-length)");
        }

        int cut = Math.Max(0, length - maxLength);
        int[] fitted = [.. tokens[..Math.Min(kept, length)], .. tokens[(kept + cut)..length]];
        int[] targets = trainOnPrompt
            ? [.. Enumerable.Range(1, fitted.Length - 1)]
            : [.. scored.Where(p => p - cut > 0 && p >= kept + cut).Select(p => p - cut)];
        return new EncodedExample([EncodedCandidate.WithScored(fitted, targets)], 0, row.Where) { Truncated = cut > 0 };

        int Place(int character)
        {
            cancellation.ThrowIfCancellationRequested();
            return character >= text.Length ? tokens.Length : tokens.AsSpan().CommonPrefixLength(encode(text[..character]));
        }
    }
}
