using System.Runtime.CompilerServices;
using IlZo.Generation;
using IlZo.Inference;
using Microsoft.Extensions.AI;

namespace IlZo.Extensions.AI;

/// <summary>Answers conversations with a model on this machine.</summary>
/// <remarks>Thread-safe: a model answers one request at a time, and a request that comes meanwhile waits for its turn.</remarks>
public sealed class IlZoChatClient : IChatClient
{
    private const string Provider = "ilzo";

    private readonly TextModel _model;
    private readonly ChatClientMetadata _metadata;
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>A client of a model.</summary>
    /// <param name="model">A causal model with a chat template; the client disposes of it.</param>
    public IlZoChatClient(TextModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _metadata = new ChatClientMetadata(Provider, providerUri: null, model.Source.Adapter ?? model.Source.Model);
    }

    /// <summary>The answer to a conversation.</summary>
    /// <param name="messages">The conversation, of texts alone.</param>
    /// <param name="options">How it is to be answered; what is not given is as the model's <c>generation_config.json</c> says.</param>
    /// <param name="cancellationToken">Ends the work between two tokens.</param>
    /// <exception cref="InvalidInputException">The model cannot take the conversation, or do what an option asks for.</exception>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <summary>The answer to a conversation as it is written; the last update has the reason why it ended, and the tokens.</summary>
    /// <inheritdoc cref="GetResponseAsync"/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var conversation = ChatRequest.Conversation(messages, options);
        var generation = ChatRequest.Generation(options);
        string id = Guid.NewGuid().ToString("N");
        Continuation? end = null;
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await foreach (string piece in _model.ChatAsync(conversation, generation, e => end = e, cancellationToken).ConfigureAwait(
                false))
            {
                yield return Update(new TextContent(piece));
            }
        }
        finally
        {
            _turn.Release();
        }

        var last = Update(new UsageContent(new UsageDetails
        {
            InputTokenCount = end!.PromptIds.Count,
            OutputTokenCount = end.NewIds.Count,
            TotalTokenCount = end.PromptIds.Count + end.NewIds.Count,
        }));
        last.FinishReason = end.Stop is StopReason.EndOfText or StopReason.StopString ? ChatFinishReason.Stop : ChatFinishReason.Length;
        yield return last;

        ChatResponseUpdate Update(AIContent content) => new(ChatRole.Assistant, [content])
        {
            CreatedAt = DateTimeOffset.UtcNow,
            MessageId = id,
            ResponseId = id,
            ModelId = _metadata.DefaultModelId,
        };
    }

    /// <summary>This client, its <see cref="ChatClientMetadata"/>, or its <see cref="TextModel"/>; null for other types.</summary>
    /// <param name="serviceType">The type.</param>
    /// <param name="serviceKey">A key; nothing here has one.</param>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : Array.Find<object>([this, _metadata, _model], serviceType.IsInstanceOfType);
    }

    /// <summary>Gives back the model; an answer in progress keeps what it needs to its end.</summary>
    public void Dispose() => _model.Dispose();
}
