using System.Text.Json;
using IlZo.Generation;
using IlZo.Inference;

namespace IlZo.Server.Api;

/// <summary>What requests for conversations and for texts have in common.</summary>
/// <param name="Model">The model.</param>
/// <param name="Options">How tokens are chosen; the most tokens are still to be checked against the prompt.</param>
/// <param name="Streams">Whether pieces are sent as they come.</param>
/// <param name="IncludesUsage">Whether a stream ends with the tokens it took.</param>
internal sealed record GenerationFields(ServedModel Model, GenerationOptions Options, bool Streams, bool IncludesUsage)
{
    /// <summary>The most alternatives of a token that are told.</summary>
    public const int MostAlternatives = 20;

    private const int MostStops = 4;
    private const int LongestStop = 1_000;
    private const double MostTemperature = 100;

    /// <summary>Reads them.</summary>
    /// <param name="fields">The request.</param>
    /// <param name="models">The models that it may name.</param>
    /// <param name="newTokens">The fields that say how many tokens to add at most, which may not disagree.</param>
    /// <exception cref="ApiException">The request cannot be served.</exception>
    public static GenerationFields Read(RequestFields fields, ServedModels models, params string[] newTokens)
    {
        string name = fields.RequireText("model");
        var model = models.Find(name) ?? throw new ApiException(
            404, $"The model '{name}' is not served; one of {string.Join(", ", models.All.Select(m => m.Name))} was expected.", "model",
            "model_not_found");
        fields.RequireNeutral("n", IsOne, "1, one choice a request,");
        fields.RequireNeutral("presence_penalty", IsZero, "0, or repetition_penalty in its place,");
        fields.RequireNeutral("frequency_penalty", IsZero, "0, or repetition_penalty in its place,");
        fields.RequireNeutral("logit_bias", IsEmpty, "none");
        bool streams = fields.Flag("stream");
        var options = new GenerationOptions
        {
            MaxNewTokens = NewTokens(fields, newTokens),
            Temperature = fields.Number("temperature", 0, MostTemperature, $"a number from 0 to {MostTemperature}")
                ?? (models.Shared.Model.Generation is { Samples: true } ? null : 1),
            TopP = fields.Number("top_p", 0, 1, "a number above 0, up to 1,", isOpen: true),
            TopK = (int?)fields.Whole("top_k", 0, int.MaxValue, "a whole number, 0 (all) or more,"),
            RepetitionPenalty = fields.Number("repetition_penalty", 0, 1e6, "a number above 0", isOpen: true),
            Seed = fields.Whole("seed", long.MinValue, long.MaxValue, "a whole number of 64 bits") is { } seed
                ? unchecked((ulong)seed)
                : (ulong)Random.Shared.NextInt64(),
            StopStrings = Stops(fields),
        };
        return new GenerationFields(model, options, streams, WantsUsage(fields, streams));
    }

    /// <summary>Whether a value is the number 1.</summary>
    public static bool IsOne(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.GetDouble() == 1;

    /// <summary>Whether a value is an array or an object without anything in it.</summary>
    public static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        _ => false,
    };

    /// <summary>How many tokens are added at most.</summary>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="usual">Their number where neither the request nor the model say.</param>
    /// <exception cref="ApiException">The text would be too long.</exception>
    public int NewTokens(int promptTokens, int usual)
    {
        int room = Model.Context - promptTokens;
        return room > 0 && (Options.MaxNewTokens ?? 0) <= room
            ? Options.MaxNewTokens ?? Math.Min(usual, room)
            : throw new ApiException(
                400,
                $"The prompt has {promptTokens} tokens, and {Options.MaxNewTokens ?? 1} are to be added; together at most "
                    + $"{Model.Context}, the model's context, were expected.",
                code: "context_length_exceeded");
    }

    private static bool IsZero(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.GetDouble() == 0;

    private static int? NewTokens(RequestFields fields, string[] names)
    {
        int?[] said = [.. names.Select(name => (int?)fields.Whole(name, 0, int.MaxValue, "a whole number, 0 or more,"))];
        int? first = said.FirstOrDefault(n => n is not null);
        int other = Array.FindIndex(said, n => n is not null && n != first);
        return other < 0 ? first : throw ApiException.OfField(
            names[other], $"{said[other]}", $"{first}, what another field says of the same,");
    }

    private static string[] Stops(RequestFields fields)
    {
        const string name = "stop";
        string[] stops = fields.Find(name) switch
        {
            null => [],
            { ValueKind: JsonValueKind.String } one => [one.GetString()!],
            { ValueKind: JsonValueKind.Array } all when all.EnumerateArray().All(s => s.ValueKind == JsonValueKind.String) =>
                [.. all.EnumerateArray().Select(s => s.GetString()!)],
            { } other => throw ApiException.OfField(name, RequestFields.Kind(other), "a text, or an array of texts,", "invalid_type"),
        };
        return stops.Length <= MostStops && stops.All(s => s.Length is > 0 and <= LongestStop)
            ? stops
            : throw ApiException.OfField(
                name, $"{stops.Length} texts, the longest of {stops.Max(s => s.Length)} characters",
                $"at most {MostStops} of 1 to {LongestStop} characters");
    }

    private static bool WantsUsage(RequestFields fields, bool streams)
    {
        const string name = "stream_options";
        if (fields.Find(name) is not { } value)
        {
            return false;
        }

        var options = RequestFields.Of(value, name);
        bool includes = options.Flag("include_usage");
        options.RequireNeutral("include_obfuscation", v => v.ValueKind is JsonValueKind.False, "false");
        options.RefuseOthers(harmlessToo: true);
        return streams ? includes : throw ApiException.OfField(name, "given", "stream true beside it");
    }
}
