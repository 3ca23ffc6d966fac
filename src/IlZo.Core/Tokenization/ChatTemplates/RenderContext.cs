using System.Runtime.CompilerServices;
using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>The names of a template at one place of its rendering: those set here, then those around it.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    public bool TryGet(string name, out object? value)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values.TryGetValue(name, out value))
            {
                return true;
            }
        }

        value = null;
        return false;
    }

    public void Set(string name, object? value) => _values[name] = value;

    private Scope? Outer => outer;
}

/// <summary>One rendering of a template.</summary>
internal sealed class RenderContext(TemplateSource source, Scope globals)
{
    /// <summary>The most characters of a rendering or of a string in it; a template can double a string at each step.</summary>
    public const int MaxCharacters = 1 << 24;

    private const int MaxSteps = 1_000_000;
    private const int MaxCalls = 100;

    private int _steps;
    private int _calls;

    public Scope Globals { get; } = globals;

    public Scope Scope { get; private set; } = globals;

    public StringBuilder Output { get; private set; } = new();

    /// <summary>The parts of the output that stand between <c>{% generation %}</c> and its end.</summary>
    public List<(int Start, int End)> Generated { get; } = [];

    /// <summary>Whether what is written goes to the output itself, not to the value of a macro or a name.</summary>
    public bool WritesOutput => _calls == 0;

    public void Write(string text, int position)
    {
        if (text.Length > MaxCharacters - Output.Length)
        {
            throw source.Error(position, $"the text becomes longer than {MaxCharacters} characters");
        }

        Output.Append(text);
    }

    public InvalidInputException Error(int position, string problem) => source.Error(position, problem);

    /// <summary>Counts the work, so that no template runs for ever, and looks at how deep it is.</summary>
    /// <exception cref="InsufficientExecutionStackException">Too deep.</exception>
    public void Step(int position)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (++_steps > MaxSteps)
        {
            throw source.Error(position, $"the rendering takes more than {MaxSteps} steps");
        }
    }

    /// <summary>Renders in a scope of its own.</summary>
    public void Within(Scope scope, Action action)
    {
        var before = Scope;
        Scope = scope;
        action();
        Scope = before;
    }

    /// <summary>Renders apart from the output, as macros and <c>{% set %}</c> blocks do, and returns the text.</summary>
    public string Capture(int position, Scope scope, Action action)
    {
        if (++_calls > MaxCalls)
        {
            throw source.Error(position, $"macros call each other more than {MaxCalls} deep");
        }

        var before = Output;
        Output = new StringBuilder();
        Within(scope, action);
        string text = Output.ToString();
        Output = before;
        _calls--;
        return text;
    }
}
