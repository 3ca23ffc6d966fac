using System.Text.Json;

namespace IlZo.Tensors;

/// <summary>
/// The words that choose tensors by their role, as in <c>role:norm</c>: those of parts, which mean all that belongs to them, those of
/// several parts, and those of kinds in whatever part.
/// </summary>
internal static class RoleWords
{
    /// <summary>What stands before a word in the place of a name.</summary>
    public const string Prefix = "role:";

    private static readonly Dictionary<string, Predicate<TensorRole>> s_words = Create();

    /// <summary>All words.</summary>
    public static IReadOnlyCollection<string> All => s_words.Keys;

    /// <summary>The words that mean any of some roles.</summary>
    public static IEnumerable<string> Of(IEnumerable<TensorRole> roles)
    {
        TensorRole[] all = [.. roles.Distinct()];
        return s_words.Where(word => Array.Exists(all, word.Value)).Select(word => word.Key);
    }

    /// <summary>The word of a part.</summary>
    public static string Word(this ModelPart part) => JsonNamingPolicy.KebabCaseLower.ConvertName(part.ToString());

    /// <summary>The word of a kind.</summary>
    public static string Word(this TensorKind kind) => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());

    /// <summary>What <c>role:word</c> means, or null for a text that does not begin so.</summary>
    /// <param name="text">A role or a name.</param>
    /// <param name="source">What messages call the place of the text.</param>
    /// <exception cref="InvalidInputException">There is no such word.</exception>
    public static Predicate<TensorRole>? Find(string text, string source)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        return s_words.TryGetValue(text[Prefix.Length..], out var means)
            ? means
            : throw new InvalidInputException(
                $"{source} has '{text}', which is not a role; {Prefix} and one of {string.Join(", ", All)} was expected.");
    }

    private static Dictionary<string, Predicate<TensorRole>> Create()
    {
        ModelPart[] attention = [ModelPart.Query, ModelPart.Key, ModelPart.Value, ModelPart.QueryKeyValue, ModelPart.AttentionOutput];
        var words = new Dictionary<string, Predicate<TensorRole>>(StringComparer.Ordinal)
        {
            ["embedding"] = role => role.Part is ModelPart.TokenEmbedding or ModelPart.PositionEmbedding or ModelPart.TokenTypeEmbedding,
            ["attention"] = role => attention.Contains(role.Part),
            ["mlp"] = role => role.Part is ModelPart.MlpGate or ModelPart.MlpUp or ModelPart.MlpGateUp or ModelPart.MlpDown,
            ["lora"] = role => role.Kind is TensorKind.LoraA or TensorKind.LoraB,
        };
        foreach (var part in Enum.GetValues<ModelPart>().Where(p => p != ModelPart.None))
        {
            // Where several are one tensor, each of them is in it.
            ModelPart joint = part switch
            {
                ModelPart.Query or ModelPart.Key or ModelPart.Value => ModelPart.QueryKeyValue,
                ModelPart.MlpGate or ModelPart.MlpUp => ModelPart.MlpGateUp,
                _ => part,
            };
            words.Add(part.Word(), role => role.Part == part || role.Part == joint);
        }

        foreach (var kind in Enum.GetValues<TensorKind>().Where(k => k != TensorKind.Weight))
        {
            words.Add(kind.Word(), role => role.Kind == kind);
        }

        return words;
    }
}
