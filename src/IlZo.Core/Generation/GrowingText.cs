using IlZo.Models;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>A text while it is generated: what its next token is, and whether it goes on.</summary>
/// <param name="prompt">The tokens that it begins with, at least one.</param>
/// <param name="room">Tokens of the text at most.</param>
internal abstract class GrowingText(IReadOnlyList<int> prompt, int room)
{
    /// <summary>The tokens that it begins with.</summary>
    public IReadOnlyList<int> Prompt => prompt;

    /// <summary>Its tokens so far.</summary>
    public List<int> Ids { get; } = [.. prompt];

    /// <summary>Tokens of the text at most.</summary>
    public int Room => room;

    /// <summary>Whether no token follows.</summary>
    public bool IsOver { get; private set; } = prompt.Count >= room;

    /// <summary>Makes the text one token longer, or ends it.</summary>
    /// <param name="logits">Those of its next token, which may be changed.</param>
    public void Grow(Span<float> logits) => IsOver = !Take(logits) || Ids.Count >= room;

    /// <summary>Adds a token, unless the text ends without one, and says whether another may follow.</summary>
    protected abstract bool Take(Span<float> logits);

    /// <summary>Generates texts, several at a time, until all are over. A text that ends makes room for the next.</summary>
    /// <param name="slots">Where they grow.</param>
    /// <param name="texts">The texts, which are begun in order.</param>
    /// <param name="onEnd">Told the number of each text that is over, in the order in which they end.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    public static void GrowAll(
        TextSlots slots, IReadOnlyList<GrowingText> texts, Action<int>? onEnd = null, CancellationToken cancellation = default)
    {
        int?[] growing = new int?[slots.Count];
        int begun = 0;
        var tokens = new List<(int Slot, int Id)>(slots.Count);
        do
        {
            for (int slot = 0; slot < growing.Length; slot++)
            {
                while (growing[slot] is null && begun < texts.Count)
                {
                    cancellation.ThrowIfCancellationRequested();
                    int number = begun++;
                    growing[slot] = Begin(slots, slot, texts[number], number, onEnd);
                }
            }

            tokens.Clear();
            for (int slot = 0; slot < growing.Length; slot++)
            {
                if (growing[slot] is { } number)
                {
                    tokens.Add((slot, texts[number].Ids[^1]));
                }
            }

            if (tokens.Count > 0)
            {
                cancellation.ThrowIfCancellationRequested();
                slots.Advance(tokens);
                for (int row = 0; row < tokens.Count; row++)
                {
                    int slot = tokens[row].Slot;
                    growing[slot] = Grow(texts[growing[slot]!.Value], growing[slot]!.Value, slots.Logits(row), onEnd);
                }
            }
        }
        while (tokens.Count > 0);
    }

    /// <summary>Whether a token ends the text.</summary>
    protected static bool Ends(LanguageModel model, ITokenizer tokenizer, int id) =>
        model.Shape.EosIds.Contains(id) || id == tokenizer.EosId;

    private static int? Begin(TextSlots slots, int slot, GrowingText text, int number, Action<int>? onEnd)
    {
        if (text.IsOver)
        {
            onEnd?.Invoke(number);
            return null;
        }

        slots.Begin(slot, text.Prompt);
        return Grow(text, number, slots.Logits(0), onEnd);
    }

    // The number of a text that goes on, or null.
    private static int? Grow(GrowingText text, int number, Span<float> logits, Action<int>? onEnd)
    {
        text.Grow(logits);
        if (!text.IsOver)
        {
            return number;
        }

        onEnd?.Invoke(number);
        return null;
    }
}
