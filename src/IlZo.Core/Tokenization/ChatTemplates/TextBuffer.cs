using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Text that is being written, within the limits of a rendering.</summary>
internal sealed class TextBuffer(RenderBudget budget)
{
    public RenderBudget Budget => budget;

    /// <summary>What is written so far.</summary>
    public StringBuilder Written { get; } = new();

    public int Length => Written.Length;

    public TextBuffer Append(ReadOnlySpan<char> text)
    {
        Grow(text.Length);
        Written.Append(text);
        return this;
    }

    public TextBuffer Append(char character, int count = 1)
    {
        Grow(count);
        Written.Append(character, count);
        return this;
    }

    public override string ToString()
    {
        budget.Text(Length);
        return Written.ToString();
    }

    private void Grow(int count)
    {
        budget.Work(RenderBudget.Element);
        budget.Grow(Length, count);
    }
}
