using System.Text.Json;
using IlZo.Inference;

namespace IlZo.Server.Api;

/// <summary>A request for the continuation of a text.</summary>
/// <param name="Common">What it has in common with others.</param>
/// <param name="PromptIds">The tokens to continue.</param>
/// <param name="Alternatives">How many alternatives of each token are told; null for nothing about tokens.</param>
internal sealed record CompletionFields(GenerationFields Common, IReadOnlyList<int> PromptIds, int? Alternatives)
{
    private const string PromptName = "prompt";

    /// <summary>Reads a request.</summary>
    /// <exception cref="ApiException">It cannot be served.</exception>
    public static CompletionFields Read(RequestFields fields, ServedModels models)
    {
        var common = GenerationFields.Read(fields, models, "max_tokens");
        var prompt = fields.Find(PromptName);
        fields.RequireNeutral("best_of", GenerationFields.IsOne, "1");
        fields.RequireNeutral("echo", v => v.ValueKind == JsonValueKind.False, "false");
        fields.RequireNeutral("suffix", v => v.ValueKind == JsonValueKind.String && v.GetString()!.Length == 0, "none");
        long? top = fields.Whole(
            "logprobs", 0, GenerationFields.MostAlternatives, $"a whole number from 0 to {GenerationFields.MostAlternatives}");
        fields.RefuseOthers();
        return new CompletionFields(common, Ids(prompt, models.Shared), (int?)top);
    }

    private static IReadOnlyList<int> Ids(JsonElement? prompt, TextModel model)
    {
        // One text in an array is one text.
        if (prompt is { ValueKind: JsonValueKind.Array } array && array.GetArrayLength() == 1
            && array[0].ValueKind is JsonValueKind.String or JsonValueKind.Array)
        {
            prompt = array[0];
        }

        return prompt switch
        {
            null => model.PromptIds(string.Empty),
            { ValueKind: JsonValueKind.String } text => model.PromptIds(text.GetString()!),
            { ValueKind: JsonValueKind.Array } ids when ids.GetArrayLength() > 0 && ids.EnumerateArray().All(IsId) =>
                [.. ids.EnumerateArray().Select(id => id.GetInt32())],
            { } other => throw ApiException.OfField(
                PromptName, RequestFields.Kind(other), "a single text, or an array of token ids,", "invalid_type"),
        };
    }

    private static bool IsId(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _);
}
