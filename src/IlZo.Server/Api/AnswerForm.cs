using IlZo.Generation;

namespace IlZo.Server.Api;

/// <summary>What all answers have in common.</summary>
internal static class AnswerForm
{
    /// <summary>What the protocol calls the end of a text.</summary>
    public static string Reason(StopReason stop) => stop is StopReason.EndOfText or StopReason.StopString ? "stop" : "length";

    /// <summary>A name for an answer that no other has.</summary>
    public static string NewId(string kind) => $"{kind}-{Guid.NewGuid():N}";

    /// <summary>Seconds since 1970.</summary>
    public static long Now() => DateTimeOffset.UtcNow.ToUnixTimeSeconds();
}
