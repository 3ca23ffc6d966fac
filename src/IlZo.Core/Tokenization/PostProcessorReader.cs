namespace IlZo.Tokenization;

/// <summary>What a post-processor puts around texts.</summary>
/// <param name="Prefix">In front of one.</param>
/// <param name="Suffix">Behind one.</param>
/// <param name="Pair">Around two; null where it is not said.</param>
internal sealed record PostProcessing(int[] Prefix, int[] Suffix, PairFrame? Pair = null)
{
    /// <summary>Nothing.</summary>
    public static PostProcessing None { get; } = new([], []);
}

/// <summary>
/// Reads the post-processor of a tokenizer.json: TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence.
/// </summary>
internal static class PostProcessorReader
{
    public static PostProcessing Read(JsonPlace? place, TokenTable tokens) =>
        place is { } processor ? One(processor, tokens) : PostProcessing.None;

    private static PostProcessing One(JsonPlace place, TokenTable tokens)
    {
        string type = place.Get("type").Text();
        switch (type)
        {
            case "ByteLevel":
                // It corrects offsets, which nobody asks for here.
                place.AllowOnly("type", "add_prefix_space", "trim_offsets", "use_regex");
                return PostProcessing.None;
            case "RobertaProcessing":
                place.AllowOnly("type", "sep", "cls", "trim_offsets", "add_prefix_space");
                return new([TokenAndId(place.Get("cls"), tokens)], [TokenAndId(place.Get("sep"), tokens)]);
            case "BertProcessing":
                place.AllowOnly("type", "sep", "cls");
                int[] cls = [TokenAndId(place.Get("cls"), tokens)];
                int[] sep = [TokenAndId(place.Get("sep"), tokens)];
                return new(cls, sep, PairFrame.OfBert(cls, sep));
            case "TemplateProcessing":
                return Template(place, tokens);
            case "Sequence":
                place.AllowOnly("type", "processors");
                return place.Get("processors").Items().Select(step => One(step, tokens)).Aggregate(PostProcessing.None, Joined);
            default:
                throw place.Error(
                    $"the post-processor '{type}' is not supported (supported: TemplateProcessing, BertProcessing, RobertaProcessing, "
                        + "ByteLevel, Sequence)");
        }
    }

    // A later step goes around an earlier one. Of two that add something around pairs, no file says what the first leaves of them.
    private static PostProcessing Joined(PostProcessing inner, PostProcessing outer) => new(
        [.. outer.Prefix, .. inner.Prefix],
        [.. inner.Suffix, .. outer.Suffix],
        IsSilent(inner) ? outer.Pair : IsSilent(outer) ? inner.Pair : null);

    private static bool IsSilent(PostProcessing step) => step.Prefix.Length == 0 && step.Suffix.Length == 0 && step.Pair is null;

    private static int TokenAndId(JsonPlace place, TokenTable tokens) =>
        place.Items() is [JsonPlace text, JsonPlace id]
            ? Known(id, tokens, text.Text())
            : throw place.Error("a pair of a token and its id was expected");

    private static int Known(JsonPlace place, TokenTable tokens, string text)
    {
        int id = place.Integer();
        return tokens.TryGetText(id, out string? known) && known == text
            ? id
            : throw place.Error($"the id {id} is not that of the token '{text}'");
    }

    private static PostProcessing Template(JsonPlace place, TokenTable tokens)
    {
        place.AllowOnly("type", "single", "pair", "special_tokens");
        var (parts, _) = Parts(place, place.Get("single"), "A", tokens);
        return new(Ids(parts[0]), Ids(parts[1]), Pair(place, tokens));
    }

    private static PairFrame? Pair(JsonPlace place, TokenTable tokens)
    {
        if (place.Find("pair") is not { } template || template.Items().Count == 0)
        {
            return null;
        }

        var (parts, types) = Parts(place, template, "AB", tokens);
        return new(parts[0], types[0], parts[1], types[1], parts[2]);
    }

    // The special tokens before, between and behind the sequences of a template, and the sequences' own types.
    private static (List<TypedToken>[] Parts, List<int> Types) Parts(JsonPlace place, JsonPlace items, string sequences, TokenTable tokens)
    {
        List<TypedToken>[] parts = [.. Enumerable.Range(0, sequences.Length + 1).Select(_ => new List<TypedToken>())];
        var types = new List<int>();
        foreach (JsonPlace item in items.Items())
        {
            item.AllowOnly("SpecialToken", "Sequence");
            if (item.Find("Sequence") is { } sequence)
            {
                JsonPlace which = sequence.Get("id");
                if (types.Count == sequences.Length || which.Text() != sequences[types.Count].ToString())
                {
                    throw which.Error($"the sequence {string.Join(" and then ", sequences.ToCharArray())} was expected, once");
                }

                types.Add(Type(sequence));
            }
            else
            {
                JsonPlace special = item.Get("SpecialToken");
                int type = Type(special);
                parts[types.Count].AddRange(SpecialIds(special.Get("id"), place, tokens).Select(id => new TypedToken(id, type)));
            }
        }

        return types.Count == sequences.Length
            ? (parts, types)
            : throw items.Error($"the sequence {sequences[types.Count]} is missing from the template");
    }

    private static int Type(JsonPlace item) => item.Find("type_id") is not { } place ? 0
        : place.Integer() is >= 0 and int type ? type
        : throw place.Error("a number that is not negative was expected");

    private static int[] Ids(List<TypedToken> tokens) => [.. tokens.Select(t => t.Id)];

    private static List<int> SpecialIds(JsonPlace name, JsonPlace template, TokenTable tokens)
    {
        JsonPlace special = template.Get("special_tokens").Get(name.Text());
        return special.Get("ids").Items().ConvertAll(id => tokens.TryGetText(id.Integer(), out _)
            ? id.Integer()
            : throw id.Error("the id is not in the vocabulary"));
    }
}
