using System.Text.Json.Serialization.Metadata;
using IlZo.Generation;

namespace IlZo.Server.Api;

/// <summary>Continuations of texts.</summary>
/// <param name="model">The model's name.</param>
/// <param name="texts">The texts of tokens, where they are told.</param>
internal sealed class TextForm(string model, TokenTexts? texts) : IAnswerForm<TextResponse>
{
    private readonly string _id = AnswerForm.NewId("cmpl");
    private readonly long _created = AnswerForm.Now();

    public JsonTypeInfo<TextResponse> Json => ResponseJson.Default.TextResponse;

    public TextResponse? Beginning => null;

    public TextResponse Piece(TextPiece piece) => Response(piece.Text, piece.Tokens, null, null);

    public TextResponse End(string reason) => Response(string.Empty, [], reason, null);

    public TextResponse Total(Usage usage) => Response([], usage);

    public TextResponse Whole(string text, IReadOnlyList<ChosenToken> tokens, string reason, Usage usage) =>
        Response(text, tokens, reason, usage);

    private TextResponse Response(string text, IReadOnlyList<ChosenToken> tokens, string? reason, Usage? usage) =>
        Response([new TextChoice(text, 0, texts?.Text(tokens), reason)], usage);

    private TextResponse Response(IReadOnlyList<TextChoice> choices, Usage? usage) =>
        new(_id, "text_completion", _created, model, choices, usage);
}
