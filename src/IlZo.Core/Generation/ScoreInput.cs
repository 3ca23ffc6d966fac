using IlZo.Datasets;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>A text to score.</summary>
/// <param name="Where">What messages call it.</param>
/// <param name="Ids">Its tokens.</param>
internal sealed record ScoreInput(string Where, int[] Ids);

/// <summary>The texts of a file, in any form that rows can have (docs/data.md): each row has <c>text</c> or <c>ids</c>.</summary>
/// <param name="Inputs">The texts.</param>
/// <param name="Notes">What is to be said of the rest of the rows, a sentence each.</param>
internal sealed record ScoreInputs(IReadOnlyList<ScoreInput> Inputs, IReadOnlyList<string> Notes)
{
    private const string IdsColumn = "ids";
    private const string TextColumn = "text";

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">Asked for only where a row holds text.</param>
    /// <param name="columns">Which columns stand for <c>text</c> or <c>ids</c>, as <c>text=review</c>; null for none.</param>
    /// <param name="splitSpecialTokens">Whether special tokens that are written in texts are letters there.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, is empty, or a row holds something else.</exception>
    public static ScoreInputs Read(string path, Lazy<ITokenizer> tokenizer, string? columns = null, bool splitSpecialTokens = false)
    {
        var map = new ColumnMap(columns, [TextColumn, IdsColumn]);
        var inputs = new List<ScoreInput>();
        var notes = new RowNotes();
        using var source = RowSource.Open(path);
        while (source.Next() is { } read)
        {
            var row = map.Apply(read);
            inputs.Add(new ScoreInput(row.Where, Ids(row, tokenizer, splitSpecialTokens, notes)));
            notes.Add(row);
        }

        if (source.Note is { } note)
        {
            notes.Say(note);
        }

        map.RequireSeen(path);
        return inputs.Count > 0
            ? new ScoreInputs(inputs, notes.Sentences())
            : throw new InvalidInputException($"{path}: has no lines; one JSON object an input was expected.");
    }

    /// <summary>The tokens of a text, with what the tokenizer's convention puts around it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="splitSpecialTokens">Whether special tokens that are written in it are letters there.</param>
    public static int[] Encode(string text, ITokenizer tokenizer, bool splitSpecialTokens) =>
        splitSpecialTokens ? tokenizer.Encode(text) : tokenizer.EncodeMarkup(text, addSpecialTokens: true);

    private static int[] Ids(DataRow row, Lazy<ITokenizer> tokenizer, bool splitSpecialTokens, RowNotes notes)
    {
        if (row.Has(IdsColumn) == row.Has(TextColumn))
        {
            throw row.Error(
                $"has {(row.Has(IdsColumn) ? "both \"ids\" and \"text\"" : "neither \"ids\" nor \"text\"")}; one of them was expected");
        }

        if (row.Has(TextColumn))
        {
            string text = row.Find(TextColumn) as string ?? throw row.Error("has a \"text\" that is not a string; text was expected");
            notes.AddSpecialTokens(tokenizer.Value.CountSpecialTokens(text), splitSpecialTokens);
            return Encode(text, tokenizer.Value, splitSpecialTokens);
        }

        var ids = row.Find(IdsColumn) as List<object?> ?? throw row.Error(
            "has \"ids\" that are not an array; an array of token ids was expected");
        return [.. ids.Select(id => id is long and >= int.MinValue and <= int.MaxValue and var whole
            ? (int)whole
            : throw row.Error("has \"ids\" that are not all whole numbers; an array of token ids was expected"))];
    }
}
