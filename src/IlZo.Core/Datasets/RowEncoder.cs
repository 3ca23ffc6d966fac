using IlZo.Tasks;
using IlZo.Tokenization;

namespace IlZo.Datasets;

/// <summary>What rows become.</summary>
/// <param name="MaxLength">Tokens of an example at most.</param>
/// <param name="WindowLength">Tokens of a part of a text at most.</param>
internal sealed record RowEncoding(int MaxLength, int WindowLength)
{
    /// <summary>Whether prompts are learned too.</summary>
    public bool TrainOnPrompt { get; init; }

    /// <summary>Whether special tokens that are written in texts are letters there.</summary>
    public bool SplitSpecialTokens { get; init; }

    /// <summary>Which columns of a file stand for others.</summary>
    public ColumnMap Columns { get; init; } = new(null, []);
}

/// <summary>
/// Turns rows into tokens. What is learned is the completion and the token that ends a text, the assistant's turns of a conversation, or
/// all of a text; with <see cref="RowEncoding.TrainOnPrompt"/> always all but the first token, which nothing predicts.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="encoding">What rows become.</param>
/// <param name="chat">Writes conversations; asked for only where there are some.</param>
/// <param name="notes">Where it is noted what had no part in the examples.</param>
/// <param name="cancellation">Ends the work.</param>
internal sealed class RowEncoder(
    ITokenizer tokenizer, RowEncoding encoding, Lazy<ChatRenderer> chat, RowNotes notes, CancellationToken cancellation = default)
{
    /// <summary>The examples of a row: one, or several where a text is long or a template rewrites earlier turns.</summary>
    /// <exception cref="InvalidInputException">The row cannot be used.</exception>
    public EncodedExample[] Encode(DataRow read)
    {
        cancellation.ThrowIfCancellationRequested();
        var row = encoding.Columns.Apply(read);
        var examples = RowForms.Of(row, encoding.Columns.Named) switch
        {
            RowForm.Text => Windows(row.NonEmptyText("text"), row.Where),
            RowForm.Conversation => Turns(row),
            RowForm.Prompt when row.Peek("prompt") is not string && row.Peek("completion") is not string => Turns(row),
            RowForm.Prompt => [Pair(row, row.Text("prompt"), row.NonEmptyText("completion"))],
            RowForm.Question => [Pair(row, $"Question: {row.NonEmptyText("question")}\nAnswer:", " " + row.NonEmptyText("answer"))],
            _ => [Framed(row, AlpacaPrompt.Of(row))],
        };
        notes.Add(row);
        return examples;
    }

    /// <summary>
    /// A text in parts of at most <see cref="RowEncoding.WindowLength"/> tokens, each with the BOS token in front where the tokenizer has
    /// one.
    /// </summary>
    public EncodedExample[] Windows(string text, string where)
    {
        NoteSpecialTokens(text, encoding.SplitSpecialTokens);
        int[] ids = Located(where, () => Ids(text));
        int[] tokens = [.. ids, .. EndOf(ids)];
        tokens = tokens is [var first, ..] && first == tokenizer.BosId ? tokens[1..] : tokens;
        int[] bos = tokenizer.Begin([]);
        int[][] windows = [.. tokens.Chunk(encoding.WindowLength - bos.Length).Select(w => (int[])[.. bos, .. w]).Where(w => w.Length > 1)];
        return windows.Length > 0
            ? [.. windows.Select(w => new EncodedExample([new EncodedCandidate(w, w.Length - 1)], 0, where))]
            : throw new InvalidInputException(
                $"{where}: the text is a single token; at least two were expected, so that one predicts the other.");
    }

    private EncodedExample[] Turns(DataRow row)
    {
        var conversation = new ConversationReader(row).Read();
        foreach (int message in Enumerable.Range(0, conversation.Messages.Count))
        {
            NoteSpecialTokens(conversation.Message(message)["content"] as string ?? string.Empty, asLetters: false);
        }

        var texts = chat.Value.Render(row, conversation);
        if (texts.Count > 1)
        {
            notes.AddRewritten(texts.Count);
        }

        return [.. texts.Select(text => Fitted(row, Located(row.Where, () => Written(text.Text)), text, Written))];

        // The template's special tokens are tokens always, whatever is said of those in texts.
        int[] Written(string rendered) => tokenizer.Begin(tokenizer.EncodeMarkup(rendered));
    }

    private EncodedExample Pair(DataRow row, string prompt, string completion) =>
        Framed(row, new LearnedText(prompt + completion, [(prompt.Length, int.MaxValue)]));

    private EncodedExample Framed(DataRow row, LearnedText text)
    {
        NoteSpecialTokens(text.Text, encoding.SplitSpecialTokens);
        int[] tokens = Located(row.Where, () => Begun(text.Text));
        return Fitted(row, [.. tokens, .. EndOf(tokens)], text, Begun);
    }

    private void NoteSpecialTokens(string text, bool asLetters) => notes.AddSpecialTokens(tokenizer.CountSpecialTokens(text), asLetters);

    // A token that is there already, written in the text, is not doubled; this goes for the one in front too.
    private int[] EndOf(int[] tokens) => tokenizer.EosId is { } eos && (tokens.Length == 0 || tokens[^1] != eos) ? [eos] : [];

    private int[] Begun(string text) => tokenizer.Begin(text.Length > 0 ? Ids(text) : []);

    private int[] Ids(string text) =>
        encoding.SplitSpecialTokens ? tokenizer.Encode(text, addSpecialTokens: false) : tokenizer.EncodeMarkup(text);

    // What a tokenizer refuses, it refuses without a place.
    private static int[] Located(string where, Func<int[]> encode)
    {
        try
        {
            return encode();
        }
        catch (InvalidInputException e)
        {
            throw new InvalidInputException($"{where}: {e.Message}", e);
        }
    }

    /// <summary>An example whose scored tokens are those of spans of its text, cut on the left to the maximum length.</summary>
    /// <param name="row">The row that the text is of.</param>
    /// <param name="tokens">The text's tokens, with what ends it.</param>
    /// <param name="text">The text and what is learned of it; an end beyond the text stands for all that follows.</param>
    /// <param name="encode">How the beginning of the text becomes tokens.</param>
    private EncodedExample Fitted(DataRow row, int[] tokens, LearnedText text, Func<string, int[]> encode)
    {
        // A token over the edge of a span belongs to what it begins in front of: to the span at its start, not at its end.
        (int Start, int End)[] places =
            [.. text.Spans.Select(s => (Place(s.Start), s.End > text.Text.Length ? tokens.Length : Place(s.End)))];
        int[] scored = [.. places.SelectMany(p => Enumerable.Range(p.Start, p.End - p.Start)).Where(p => p > 0)];
        if (scored.Length == 0)
        {
            throw row.Error("nothing is left to learn after the prompt; expected a completion that the tokenizer keeps separate from it");
        }

        // What stands behind the last scored token has no part in the loss.
        int length = scored[^1] + 1;
        int last = length - Math.Max(places[^1].Start, 1);
        int kept = tokens[0] == tokenizer.BosId ? 1 : 0;
        if (last > encoding.MaxLength - 1)
        {
            throw row.Error($"what is to be learned has {last} tokens; at most {encoding.MaxLength - 1} were expected, so that one remains "
                + $"in front of them ({Setting.MaxLength})");
        }

        int cut = Math.Max(0, length - encoding.MaxLength);
        int[] fitted = [.. tokens[..Math.Min(kept, length)], .. tokens[(kept + cut)..length]];
        int[] targets = encoding.TrainOnPrompt
            ? [.. Enumerable.Range(1, fitted.Length - 1)]
            : [.. scored.Where(p => p - cut > 0 && p >= kept + cut).Select(p => p - cut)];
        return new EncodedExample([EncodedCandidate.WithScored(fitted, targets)], 0, row.Where) { Truncated = cut > 0 };

        int Place(int character)
        {
            cancellation.ThrowIfCancellationRequested();
            return character >= text.Text.Length ? tokens.Length : tokens.AsSpan().CommonPrefixLength(encode(text.Text[..character]));
        }
    }
}
