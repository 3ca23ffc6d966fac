namespace IlZo.Tasks;

/// <summary>A prompt of a causal model, and the template of what follows it.</summary>
internal sealed record CausalPrompt(PromptChoice Prompt, PromptChoice? ContentFree, TextTemplate Answer);

/// <summary>One prompt template, or one for each value of a field.</summary>
internal sealed class PromptChoice
{
    private readonly TextTemplate? _only;
    private readonly TaskField? _by;
    private readonly IReadOnlyDictionary<string, TextTemplate> _cases = new Dictionary<string, TextTemplate>();

    public PromptChoice(TextTemplate only) => _only = only;

    public PromptChoice(TaskField by, IReadOnlyDictionary<string, TextTemplate> cases)
    {
        _by = by;
        _cases = cases;
    }

    /// <exception cref="InvalidInputException">The row's value has no template.</exception>
    public TextTemplate For(in TaskRow row)
    {
        if (_only != null)
        {
            return _only;
        }

        string value = row.Text(_by!);
        return _cases.GetValueOrDefault(value) ?? throw row.Error(
            $"field {_by!.Expectation} is \"{value}\"; expected one of {string.Join(", ", _cases.Keys.Select(k => $"\"{k}\""))}");
    }
}
