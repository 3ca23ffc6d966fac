namespace IlZo.Tokenization.ChatTemplates;

/// <summary>A message of a conversation.</summary>
/// <param name="Role">Whose it is: system, user or assistant.</param>
/// <param name="Content">Its text.</param>
public sealed record ChatMessage(string Role, string Content);

/// <summary>A conversation as the model reads it.</summary>
/// <param name="Text">The text, with special tokens written out.</param>
/// <param name="Generated">What stands in <c>{% generation %}</c> blocks: start and end of each part, in order.</param>
public sealed record RenderedChat(string Text, IReadOnlyList<(int Start, int End)> Generated);

/// <summary>
/// A model's chat template: the part of Jinja that published templates use, with the settings that transformers gives Jinja
/// (<c>apply_chat_template</c>). What lies outside of that part is refused when the template is read, with its place.
/// </summary>
public sealed class ChatTemplate
{
    private readonly TemplateSource _source;
    private readonly IReadOnlyList<Statement> _body;
    private readonly IReadOnlyDictionary<string, string> _specialTokens;

    private ChatTemplate(TemplateSource source, IReadOnlyList<Statement> body, IReadOnlyDictionary<string, string> specialTokens) =>
        (_source, _body, _specialTokens) = (source, body, specialTokens);

    /// <summary>What messages call the template.</summary>
    public string Name => _source.Name;

    /// <summary>The text of the template.</summary>
    internal string Text => _source.Text;

    /// <summary>Whether a name stands in the template's text; one that does not is one that it cannot read.</summary>
    internal bool Mentions(string name) => _source.Text.Contains(name, StringComparison.Ordinal);

    /// <summary>Reads a template.</summary>
    /// <param name="name">What messages call it: its file.</param>
    /// <param name="template">The text of the template.</param>
    /// <param name="specialTokens">The texts of bos_token, eos_token and so on; those that are missing are not defined.</param>
    /// <exception cref="InvalidInputException">It is not in the supported part of Jinja; the message names line and column.</exception>
    public static ChatTemplate Parse(string name, string template, IReadOnlyDictionary<string, string>? specialTokens = null)
    {
        var source = new TemplateSource(name, template);
        return Guarded(
            source, () => new ChatTemplate(source, TemplateParser.Parse(source), specialTokens ?? new Dictionary<string, string>()));
    }

    /// <summary>Writes a conversation.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="addGenerationPrompt">Whether to begin the assistant's next turn.</param>
    /// <param name="now">What the template takes for the present.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InvalidInputException">
    /// The template refuses the messages, cannot be applied to them, or asks for more than a rendering may use
    /// (<see cref="RenderBudget"/>).
    /// </exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public RenderedChat Render(
        IEnumerable<ChatMessage> messages,
        bool addGenerationPrompt,
        DateTime now,
        CancellationToken cancellation = default) => RenderValues(
        messages.Select(m => (object?)new OrderedDictionary<string, object?> { ["role"] = m.Role, ["content"] = m.Content }).ToList(),
        addGenerationPrompt,
        now,
        cancellation);

    /// <summary>Writes a conversation of values that a template can have, and refuses it as <see cref="Render"/> does.</summary>
    /// <param name="messages">The messages as template values, usually mappings with <c>role</c> and <c>content</c>.</param>
    /// <param name="addGenerationPrompt">Whether to begin the assistant's next turn.</param>
    /// <param name="now">What the template takes for the present.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <param name="tools">The tools that the assistant can call, or null.</param>
    /// <param name="variables">Other variables of the template, or null.</param>
    internal RenderedChat RenderValues(
        List<object?> messages,
        bool addGenerationPrompt,
        DateTime now,
        CancellationToken cancellation = default,
        List<object?>? tools = null,
        IEnumerable<KeyValuePair<string, object?>>? variables = null)
    {
        var globals = new Scope(Functions.Scope(now));
        globals.Set("messages", messages);
        globals.Set("add_generation_prompt", addGenerationPrompt);
        globals.Set("tools", tools);
        globals.Set("documents", null);
        foreach (var (name, token) in _specialTokens)
        {
            globals.Set(name, token);
        }

        foreach (var (name, value) in variables ?? [])
        {
            globals.Set(name, value);
        }

        var context = new RenderContext(_source, globals, cancellation);
        return Guarded(_source, () =>
        {
            Statement.RunAll(_body, context);
            return new RenderedChat(context.Output.ToString(), context.Generated);
        });
    }

    private static T Guarded<T>(TemplateSource source, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (InsufficientExecutionStackException)
        {
            throw source.Error(0, "something in it is nested too deep");
        }
    }
}
