namespace IlZo.Generation;

/// <summary>Texts that grow together, each in a slot of its own. They come and go between any two tokens.</summary>
/// <param name="slots">Where they grow.</param>
/// <param name="onEnd">Told each text that is over, in the order in which they end.</param>
internal sealed class GrowingBatch(TextSlots slots, Action<GrowingText>? onEnd)
{
    private readonly GrowingText?[] _texts = new GrowingText?[slots.Count];
    private readonly List<(int Slot, int Id)> _tokens = new(slots.Count);

    // The slot that has been free longest is taken next, so that what others keep of their prompts stays for texts that begin alike.
    private readonly Queue<int> _free = new(Enumerable.Range(0, slots.Count));

    /// <summary>Texts that are growing.</summary>
    public int Count => _texts.Length - _free.Count;

    /// <summary>Whether another can begin.</summary>
    public bool HasRoom => _free.Count > 0;

    /// <summary>Begins a text: its prompt goes through the model, and its first token is chosen.</summary>
    public void Begin(GrowingText text)
    {
        if (text.IsOver)
        {
            onEnd?.Invoke(text);
            return;
        }

        slots.Begin(_free.Peek(), text.Prompt);
        int slot = _free.Dequeue();
        _texts[slot] = text;
        Grow(slot, 0);
    }

    /// <summary>Makes each text one token longer.</summary>
    public void Advance()
    {
        _tokens.Clear();
        for (int slot = 0; slot < _texts.Length; slot++)
        {
            if (_texts[slot] is { } text)
            {
                _tokens.Add((slot, text.Ids[^1]));
            }
        }

        slots.Advance(_tokens);
        for (int row = 0; row < _tokens.Count; row++)
        {
            Grow(_tokens[row].Slot, row);
        }
    }

    /// <summary>Takes texts out that are not over.</summary>
    public void Remove(Predicate<GrowingText> isUnwanted)
    {
        for (int slot = 0; slot < _texts.Length; slot++)
        {
            if (_texts[slot] is { } text && isUnwanted(text))
            {
                Free(slot);
            }
        }
    }

    private void Grow(int slot, int row)
    {
        var text = _texts[slot]!;
        text.Grow(slots.Next(row));
        if (text.IsOver)
        {
            Free(slot);
            onEnd?.Invoke(text);
        }
    }

    private void Free(int slot)
    {
        _texts[slot] = null;
        _free.Enqueue(slot);
    }
}
