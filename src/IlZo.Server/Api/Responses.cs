using System.Text.Json.Serialization;

namespace IlZo.Server.Api;

// Bodies of responses, by the names that the protocol has for them (https://platform.openai.com/docs/api-reference).
internal sealed record ErrorResponse(ErrorDetail Error);

internal sealed record ErrorDetail(string Message, string Type, string? Param, string? Code);

internal sealed record HealthResponse(string Status, int Growing, int Waiting);

internal sealed record ModelList(string Object, IReadOnlyList<ModelInfo> Data);

internal sealed record ModelInfo(string Id, string Object, long Created, string OwnedBy);

internal sealed record Usage(int PromptTokens, int CompletionTokens, int TotalTokens);

/// <summary>The message of a whole answer, or what a piece of a stream adds to it.</summary>
internal sealed record MessageBody(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Role,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Content);

internal sealed record ChatChoice(
    int Index,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] MessageBody? Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] MessageBody? Delta,
    ChatLogProbabilities? Logprobs,
    string? FinishReason);

internal sealed record ChatResponse(
    string Id, string Object, long Created, string Model, IReadOnlyList<ChatChoice> Choices,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Usage? Usage);

internal sealed record TokenDetail(
    string Token, double Logprob, IReadOnlyList<int>? Bytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<TokenDetail>? TopLogprobs);

internal sealed record ChatLogProbabilities(IReadOnlyList<TokenDetail> Content);

internal sealed record TextChoice(string Text, int Index, TextLogProbabilities? Logprobs, string? FinishReason);

internal sealed record TextResponse(
    string Id, string Object, long Created, string Model, IReadOnlyList<TextChoice> Choices,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Usage? Usage);

internal sealed record TextLogProbabilities(
    IReadOnlyList<string> Tokens, IReadOnlyList<double> TokenLogprobs, IReadOnlyList<IReadOnlyDictionary<string, double>> TopLogprobs,
    IReadOnlyList<int> TextOffset);

/// <summary>Writes bodies; made when the program is built, so that trimming keeps what they need.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ErrorResponse))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelInfo))]
[JsonSerializable(typeof(ChatResponse))]
[JsonSerializable(typeof(TextResponse))]
internal sealed partial class ResponseJson : JsonSerializerContext;
