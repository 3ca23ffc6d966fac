namespace IlZo.Tokenization.ChatTemplates;

/// <summary>The names of a template at one place of its rendering: those set here, then those around it.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    public Scope? Outer => outer;

    public IReadOnlyCollection<object?> Values => _values.Values;

    public bool TryGetOwn(string name, out object? value) => _values.TryGetValue(name, out value);

    public void Set(string name, object? value) => _values[name] = value;
}

/// <summary>One rendering of a template.</summary>
internal sealed class RenderContext
{
    private const int MaxCalls = 100;

    private readonly TemplateSource _source;
    private readonly Stack<Scope> _scopes = new();
    private readonly Stack<TextBuffer> _outputs = new();

    // The values that are needed later by what is being evaluated, as on the stack of a machine.
    private readonly List<object?> _held = [];

    private int _calls;

    /// <param name="source">The template.</param>
    /// <param name="globals">What it is given.</param>
    /// <param name="cancellation">Ends the rendering.</param>
    public RenderContext(TemplateSource source, Scope globals, CancellationToken cancellation)
    {
        (_source, Globals) = (source, globals);
        _scopes.Push(globals);
        Budget = new RenderBudget(source, () => LiveValues.Bytes([.. _held, .. _scopes, .. _outputs.Select(o => o.Written)]), cancellation);
        Comparer = new ValueComparer(Budget);
        _outputs.Push(new TextBuffer(Budget));
    }

    public RenderBudget Budget { get; }

    public ValueComparer Comparer { get; }

    public Scope Globals { get; }

    public Scope Scope => _scopes.Peek();

    public TextBuffer Output => _outputs.Peek();

    /// <summary>The parts of the output that stand between <c>{% generation %}</c> and its end.</summary>
    public List<(int Start, int End)> Generated { get; } = [];

    /// <summary>Whether what is written goes to the output itself, not to the value of a macro or a name.</summary>
    public bool WritesOutput => _calls == 0;

    /// <summary>How many values are held.</summary>
    public int Held => _held.Count;

    public InvalidInputException Error(int position, string problem) => _source.Error(position, problem);

    /// <summary>The value of a name.</summary>
    public bool TryGet(string name, out object? value)
    {
        for (var scope = Scope; scope is not null; scope = scope.Outer)
        {
            Budget.Work(RenderBudget.Element);
            if (scope.TryGetOwn(name, out value))
            {
                return true;
            }
        }

        value = null;
        return false;
    }

    /// <summary>Keeps a value in the count of memory, which knows besides it only what names and texts hold.</summary>
    public void Hold(object? value) => _held.Add(value);

    /// <summary>Ends the holding of all but the first values.</summary>
    public void Release(int held) => _held.RemoveRange(held, _held.Count - held);

    /// <summary>Renders in a scope of its own.</summary>
    public void Within(Scope scope, Action action)
    {
        int held = Held;
        _scopes.Push(scope);
        action();
        _scopes.Pop();
        Release(held);
    }

    /// <summary>Renders apart from the output, as macros and <c>{% set %}</c> blocks do, and returns the text.</summary>
    public string Capture(int position, Scope scope, Action action)
    {
        if (++_calls > MaxCalls)
        {
            throw _source.Error(position, $"macros call each other more than {MaxCalls} deep");
        }

        _outputs.Push(new TextBuffer(Budget));
        Within(scope, action);
        _calls--;
        return _outputs.Pop().ToString();
    }
}
