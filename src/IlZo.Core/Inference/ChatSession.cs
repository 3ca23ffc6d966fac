using IlZo.Generation;
using IlZo.Perturbations;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Inference;

/// <summary>An answer of a <see cref="ChatSession"/>.</summary>
/// <param name="Continuation">What the model wrote.</param>
/// <param name="WasEnded">Whether it was ended from outside.</param>
/// <param name="IsFull">Whether it ended at the model's longest text.</param>
/// <param name="LeftOut">The oldest messages with their answers that are no part of the text any more, because of this message.</param>
/// <param name="Tokens">Tokens that went through the model for it.</param>
internal sealed record ChatAnswer(Continuation Continuation, bool WasEnded, bool IsFull, int LeftOut, long Tokens);

/// <summary>A message and its answer.</summary>
/// <param name="Message">What the user wrote.</param>
/// <param name="Answer">What the model wrote.</param>
/// <param name="First">The first turn that the model read for this one; those before it no longer fitted.</param>
internal sealed record ChatTurn(string Message, string Answer, int First);

/// <summary>
/// A conversation with a model. An answer is a function of the messages so far, the options and the seed, bit for bit; keys and values of
/// what the conversation began with are kept from one answer to the next and only save time.
/// </summary>
/// <param name="model">A causal model with a chat template.</param>
/// <param name="options">How answers are written.</param>
/// <remarks>Not thread-safe.</remarks>
internal sealed class ChatSession(TextModel model, GenerationOptions options) : IDisposable
{
    /// <summary>Tokens of an answer at most where neither the options nor the model say.</summary>
    public const int DefaultNewTokens = 512;

    private const string SystemRole = "system";
    private const string UserRole = "user";
    private const string AssistantRole = "assistant";

    private readonly ChatTemplate _template = Template(model);
    private readonly SamplingOptions _sampling = options.Sampling(model.Model.Generation);
    private readonly DateTime _begun = DateTime.Now;
    private readonly List<ChatTurn> _turns = [];
    private TextSlots? _slots;

    /// <summary>What the model is told before all messages; null for nothing.</summary>
    public string? SystemPrompt { get; set; }

    /// <summary>The messages and their answers.</summary>
    public IReadOnlyList<ChatTurn> Turns => _turns;

    /// <summary>Tokens of an answer at most.</summary>
    public int MaxNewTokens { get; } = options.MaxNewTokens ?? model.Model.Generation?.MaxNewTokens ?? DefaultNewTokens;

    /// <summary>Tokens of a conversation at most: what the model was made for.</summary>
    public int Context => model.Model.Shape.MaxPositions;

    /// <summary>The conversation as messages.</summary>
    public IReadOnlyList<ChatMessage> Messages => Conversation(0, null);

    // What a message must leave of the positions for its answer.
    private int LeastRoom => Math.Min(MaxNewTokens, Context / 4);

    /// <summary>Answers a message. A message that is refused leaves the conversation as it was.</summary>
    /// <param name="message">The message.</param>
    /// <param name="onText">Told each piece of the answer as soon as it is settled.</param>
    /// <param name="onLeftOut">Told, before the answer, how many of the oldest turns are left out from here on because of it.</param>
    /// <param name="end">Ends the answer between two tokens; what there is of it stays.</param>
    /// <exception cref="InvalidInputException">The template refuses the message, or it is too long.</exception>
    public ChatAnswer Answer(string message, Action<string>? onText = null, Action<int>? onLeftOut = null, CancellationToken end = default)
    {
        int before = _turns.Count > 0 ? _turns[^1].First : 0;
        var (first, prompt) = Fit(message, before);
        if (first > before)
        {
            onLeftOut?.Invoke(first - before);
        }

        int newTokens = Math.Min(MaxNewTokens, Context - prompt.Length);
        var text = new ContinuedText(
            model.Model, model.Tokenizer, prompt, newTokens, _sampling, options.StopStrings, piece => onText?.Invoke(piece.Text));
        var slots = SlotsFor(text.Room);
        long tokens = slots.Tokens;
        bool wasEnded = false;
        try
        {
            GrowingText.GrowAll(slots, [text], cancellation: end);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            wasEnded = true;
        }

        var continuation = text.End();
        model.Model.Checkpoint.RequireUnchanged();
        _turns.Add(new ChatTurn(message, continuation.Text, first));
        bool isFull = !wasEnded && newTokens < MaxNewTokens && continuation.Stop is StopReason.MaxNewTokens or StopReason.MaxPositions;
        return new ChatAnswer(continuation, wasEnded, isFull, first - before, slots.Tokens - tokens);
    }

    /// <summary>Takes the last message and its answer back; false where there is none.</summary>
    public bool Undo()
    {
        bool any = _turns.Count > 0;
        if (any)
        {
            _turns.RemoveAt(_turns.Count - 1);
        }

        return any;
    }

    /// <summary>Forgets all messages; <see cref="SystemPrompt"/> stays.</summary>
    public void Reset() => _turns.Clear();

    /// <summary>Gives keys and values back.</summary>
    public void Dispose() => _slots?.Dispose();

    private static ChatTemplate Template(TextModel model)
    {
        model.Model.RequireCausal();
        return model.RequireTemplate();
    }

    // The first turn with which a message fits the model, and the tokens. Where one has to go, a quarter of the room is made, so that the
    // beginning of the text stays the same for a while.
    private (int First, int[] Prompt) Fit(string message, int first)
    {
        int room = Context - LeastRoom;
        int[] prompt = Tokens(first, message);
        for (int wanted = room; prompt.Length > wanted && first < _turns.Count; wanted = room * 3 / 4)
        {
            prompt = Tokens(++first, message);
        }

        return prompt.Length <= room ? (first, prompt) : throw new InvalidInputException(
            $"The message has {prompt.Length} tokens with all that belongs to it; at most {room} of the model's {Context} were expected, "
                + "so that an answer fits.");
    }

    private int[] Tokens(int first, string message)
    {
        string text = _template.Render(Conversation(first, message), addGenerationPrompt: true, _begun).Text;
        int[] ids = model.Tokenizer.Begin(model.Tokenizer.EncodeMarkup(text));
        TextScorer.CheckVocabulary(ids, model.Model.Shape, "The conversation");
        return ids;
    }

    private List<ChatMessage> Conversation(int first, string? message)
    {
        var messages = new List<ChatMessage>();
        if (SystemPrompt is { } system)
        {
            messages.Add(new ChatMessage(SystemRole, system));
        }

        foreach (var turn in _turns.Skip(first))
        {
            messages.Add(new ChatMessage(UserRole, turn.Message));
            messages.Add(new ChatMessage(AssistantRole, turn.Answer));
        }

        if (message is not null)
        {
            messages.Add(new ChatMessage(UserRole, message));
        }

        return messages;
    }

    // Keys and values of a model with long texts take more than most conversations need, so there is room for twice what was needed.
    private TextSlots SlotsFor(int tokens)
    {
        if (_slots is null || _slots.Capacity < tokens)
        {
            int capacity = (int)Math.Min(Context, 2L * tokens);
            _slots?.Dispose();
            _slots = null;
            _slots = new TextSlots(
                model.Model, model.Tokenizer.VocabularySize, model.Backend, Probe.Unperturbed, Math.Max(tokens, capacity));
        }

        return _slots;
    }
}
