using System.Runtime.CompilerServices;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>
/// What one rendering may use. A template is content of a downloaded file and a few characters of it can ask for any amount of work: so
/// whatever reads or makes text and lists says first how much, and the rendering ends with a refusal at a limit. The limits are counts,
/// not times, so that a template is refused on every machine or on none.
/// </summary>
internal sealed class RenderBudget
{
    /// <summary>The most characters of a text.</summary>
    public const int MaxCharacters = 1 << 22;

    /// <summary>The most work: about a second of it. A unit is a character looked at, or four bytes of memory made.</summary>
    public const long MaxWork = 1L << 27;

    /// <summary>The most bytes that the values of a rendering take, beside those it was given.</summary>
    public const long MaxKeptBytes = 24 << 20;

    /// <summary>The work of evaluating an expression or running a statement, what it is made of apart.</summary>
    public const int Node = 32;

    /// <summary>The work of touching an element of a list, a mapping or a scope.</summary>
    public const int Element = 8;

    private const int BytesOfUnit = 4;
    private const int CharactersComparedAtOnce = 16;
    private const int ObjectBytes = 32;

    // Values are traced each time so many bytes have been made, of which most are garbage by then.
    private const long BytesBetweenTraces = 8 << 20;

    private readonly TemplateSource _source;
    private readonly CancellationToken _cancellation;
    private readonly Func<long> _trace;
    private readonly long _given;
    private long _work;
    private long _kept;
    private int _position;

    /// <param name="source">The template.</param>
    /// <param name="trace">The bytes of all values that can be reached now, at first those that are given.</param>
    /// <param name="cancellation">Ends the rendering.</param>
    public RenderBudget(TemplateSource source, Func<long> trace, CancellationToken cancellation)
    {
        (_source, _trace, _cancellation) = (source, trace, cancellation);
        _given = trace();
    }

    /// <summary>Begins an expression or a statement.</summary>
    /// <param name="position">Where it stands, which refusals name.</param>
    /// <exception cref="InsufficientExecutionStackException">It is nested too deep.</exception>
    public void Step(int position)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        _position = position;
        Work(Node);
    }

    /// <summary>Counts work that is to be done.</summary>
    /// <exception cref="InvalidInputException">It is too much.</exception>
    /// <exception cref="OperationCanceledException">The rendering is to end.</exception>
    public void Work(long amount)
    {
        _cancellation.ThrowIfCancellationRequested();
        if (amount > MaxWork - _work)
        {
            throw _source.Error(_position, $"the rendering takes more than {MaxWork} units of work");
        }

        _work += amount;
    }

    /// <summary>Counts a search, which at worst compares the part at every place.</summary>
    public void Search(string text, string part) => Work(text.Length + ((long)text.Length * part.Length / CharactersComparedAtOnce));

    /// <summary>Counts a text that is to be made.</summary>
    public void Text(long length)
    {
        RefuseLonger(length);
        Allocate(ObjectBytes + (sizeof(char) * length));
    }

    /// <summary>Counts what is to be added to a text that is being written.</summary>
    public void Grow(int length, int more)
    {
        RefuseLonger((long)length + more);
        Allocate(sizeof(char) * (long)more);
    }

    /// <summary>Counts a list that is to be made, and what each of its elements takes beside its place in it.</summary>
    public void List(long count, int bytesEach = 0)
    {
        Work(Element * count);
        Allocate(ObjectBytes + ((sizeof(long) + bytesEach) * count));
    }

    /// <summary>Counts a mapping or a scope that is to be made.</summary>
    public void Map(long count)
    {
        Work(Element * count);
        Allocate(LiveValues.MapBytes(count));
    }

    /// <summary>A refusal at the expression or statement that was begun last.</summary>
    public InvalidInputException Refusal(string problem) => _source.Error(_position, problem);

    private void RefuseLonger(long length)
    {
        if (length > MaxCharacters)
        {
            throw _source.Error(_position, $"a text becomes longer than {MaxCharacters} characters");
        }
    }

    private void Allocate(long bytes)
    {
        Work(bytes / BytesOfUnit);
        if (_kept + bytes > MaxKeptBytes + BytesBetweenTraces)
        {
            _kept = Math.Max(0, _trace() - _given);
            if (_kept + bytes > MaxKeptBytes)
            {
                throw _source.Error(_position, $"the values that the rendering keeps take more than {MaxKeptBytes >> 20} MB");
            }
        }

        _kept += bytes;
    }
}
