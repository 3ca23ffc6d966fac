using System.Text.Json.Serialization.Metadata;
using IlZo.Generation;

namespace IlZo.Server.Api;

/// <summary>Messages of a conversation.</summary>
/// <param name="model">The model's name.</param>
/// <param name="texts">The texts of tokens, where they are told.</param>
internal sealed class ChatForm(string model, TokenTexts? texts) : IAnswerForm<ChatResponse>
{
    private const string Role = "assistant";

    private readonly string _id = AnswerForm.NewId("chatcmpl");
    private readonly long _created = AnswerForm.Now();

    public JsonTypeInfo<ChatResponse> Json => ResponseJson.Default.ChatResponse;

    public ChatResponse? Beginning => Chunk(new MessageBody(Role, string.Empty));

    public ChatResponse Piece(TextPiece piece) => Chunk(new MessageBody(null, piece.Text), texts?.Chat(piece.Tokens));

    public ChatResponse End(string reason) => Chunk(new MessageBody(null, null), null, reason);

    public ChatResponse Total(Usage usage) => Chunk([], usage);

    public ChatResponse Whole(string text, IReadOnlyList<ChosenToken> tokens, string reason, Usage usage) => new(
        _id, "chat.completion", _created, model, [new ChatChoice(0, new MessageBody(Role, text), null, texts?.Chat(tokens), reason)],
        usage);

    private ChatResponse Chunk(MessageBody delta, ChatLogProbabilities? tokens = null, string? reason = null) =>
        Chunk([new ChatChoice(0, null, delta, tokens, reason)], null);

    private ChatResponse Chunk(IReadOnlyList<ChatChoice> choices, Usage? usage) =>
        new(_id, "chat.completion.chunk", _created, model, choices, usage);
}
