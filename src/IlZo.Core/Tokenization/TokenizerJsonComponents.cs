using IlZo.Tokenization.Patterns;

namespace IlZo.Tokenization;

/// <summary>Reads the normalizer of a tokenizer.json: Sequence, NFC, Prepend, Replace, BertNormalizer.</summary>
internal static class NormalizerReader
{
    public static List<Func<string, string>> Read(JsonPlace? place)
    {
        var steps = new List<Func<string, string>>();
        if (place is { } normalizer)
        {
            Append(normalizer, steps);
        }

        return steps;
    }

    /// <summary>The literal text of a pattern member.</summary>
    public static string Literal(JsonPlace component)
    {
        JsonPlace pattern = component.Get("pattern");
        pattern.AllowOnly("String", "Regex");
        if (pattern.Find("String") is not { } literal)
        {
            throw pattern.Error("only a pattern of kind 'String' is supported here");
        }

        string text = literal.Text();
        return text.Length > 0 ? text : throw literal.Error("the pattern is empty");
    }

    private static void Append(JsonPlace normalizer, List<Func<string, string>> steps)
    {
        string type = normalizer.Get("type").Text();
        switch (type)
        {
            case "Sequence":
                normalizer.AllowOnly("type", "normalizers");
                foreach (JsonPlace step in normalizer.Get("normalizers").Items())
                {
                    Append(step, steps);
                }

                break;
            case "NFC":
                normalizer.AllowOnly("type");
                steps.Add(FormC.Normalize);
                break;
            case "Prepend":
                normalizer.AllowOnly("type", "prepend");
                string prefix = normalizer.Get("prepend").Text();
                steps.Add(text => text.Length == 0 ? text : prefix + text);
                break;
            case "Replace":
                normalizer.AllowOnly("type", "pattern", "content");
                string pattern = Literal(normalizer);
                string content = normalizer.Get("content").Text();
                steps.Add(text => text.Replace(pattern, content, StringComparison.Ordinal));
                break;
            case "BertNormalizer":
                normalizer.AllowOnly("type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase");
                bool lowers = normalizer.Flag("lowercase", true);
                steps.Add(new BertNormalizer(
                    normalizer.Flag("clean_text", true), normalizer.Flag("handle_chinese_chars", true),
                    normalizer.Flag("strip_accents", lowers), lowers).Normalize);
                break;
            default:
                throw normalizer.Error(
                    $"the normalizer '{type}' is not supported (supported: Sequence, NFC, Prepend, Replace, BertNormalizer)");
        }
    }
}

/// <summary>Reads the pre-tokenizer of a tokenizer.json: Sequence, ByteLevel, Digits, Metaspace, Split, BertPreTokenizer.</summary>
internal static class PreTokenizerReader
{
    public static IPreTokenizer? Read(JsonPlace? place) => place is { } preTokenizer ? One(preTokenizer) : null;

    /// <summary>The mark and the scheme of a Metaspace, which stands for a pre-tokenizer and for a decoder.</summary>
    public static (string Mark, PrependScheme Scheme) Metaspace(JsonPlace metaspace)
    {
        metaspace.AllowOnly("type", "replacement", "str_rep", "add_prefix_space", "prepend_scheme", "split");
        JsonPlace markPlace = metaspace.Get("replacement");
        string mark = markPlace.Text();
        if (!MergeRules.IsOneCharacter(mark, out _))
        {
            throw markPlace.Error("one character was expected");
        }

        if (metaspace.Find("str_rep") is { } repeated && repeated.Text() != mark)
        {
            throw repeated.Error("this differs from 'replacement'");
        }

        bool? prefix = metaspace.Find("add_prefix_space")?.Flag();
        PrependScheme scheme = prefix == false ? PrependScheme.Never : PrependScheme.Always;
        if (metaspace.Find("prepend_scheme") is { } schemePlace)
        {
            scheme = schemePlace.Text() switch
            {
                "always" => PrependScheme.Always,
                "first" => PrependScheme.First,
                "never" => PrependScheme.Never,
                string other => throw schemePlace.Error($"'{other}' is not one of always, first and never"),
            };
            if (prefix is { } flag && flag != (scheme != PrependScheme.Never))
            {
                throw schemePlace.Error("this contradicts 'add_prefix_space'");
            }
        }

        return (mark, scheme);
    }

    private static IPreTokenizer One(JsonPlace place)
    {
        string type = place.Get("type").Text();
        switch (type)
        {
            case "Sequence":
                place.AllowOnly("type", "pretokenizers");
                return new PreTokenizerSequence(place.Get("pretokenizers").Items().ConvertAll(One));
            case "ByteLevel":
                place.AllowOnly("type", "add_prefix_space", "trim_offsets", "use_regex");
                return new ByteLevelPreTokenizer(
                    place.Flag("add_prefix_space", true), place.Flag("use_regex", true) ? WordSplitter.Gpt2 : null);
            case "Digits":
                place.AllowOnly("type", "individual_digits");
                return new DigitsPreTokenizer(place.Flag("individual_digits", false));
            case "Metaspace":
                (string mark, PrependScheme scheme) = Metaspace(place);
                return new MetaspacePreTokenizer(mark, scheme, place.Flag("split", true));
            case "Split":
                return Split(place);
            case "BertPreTokenizer":
                place.AllowOnly("type");
                return new BertPreTokenizer();
            default:
                throw place.Error($"the pre-tokenizer '{type}' is not supported (supported: Sequence, ByteLevel, Digits, Metaspace, "
                    + "Split, BertPreTokenizer)");
        }
    }

    private static SplitPreTokenizer Split(JsonPlace place)
    {
        place.AllowOnly("type", "pattern", "behavior", "invert");
        JsonPlace pattern = place.Get("pattern");
        pattern.AllowOnly("String", "Regex");
        JsonPlace behavior = place.Get("behavior");
        return new SplitPreTokenizer(
            pattern.Find("Regex") is { } regex ? Matcher(regex) : new LiteralMatcher(NormalizerReader.Literal(place)),
            Enum.TryParse(behavior.Text(), out SplitBehavior known) && Enum.GetName(known) == behavior.Text()
                ? known
                : throw behavior.Error($"'{behavior.Text()}' is not one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}"),
            place.Flag("invert", false));
    }

    private static IMatcher Matcher(JsonPlace regex) =>
        WordSplitter.ForPattern(regex.Text()) ?? (IMatcher)PatternAutomaton.Parse(regex.Text(), regex.Error);
}

/// <summary>Reads the decoder of a tokenizer.json.</summary>
internal static class DecoderReader
{
    public static List<DecoderStep> Read(JsonPlace place)
    {
        string type = place.Get("type").Text();
        switch (type)
        {
            case "Sequence":
                place.AllowOnly("type", "decoders");
                return [.. place.Get("decoders").Items().SelectMany(Read)];
            case "ByteLevel":
                place.AllowOnly("type", "add_prefix_space", "trim_offsets", "use_regex");
                return [Decoders.ByteLevel];
            case "ByteFallback":
                place.AllowOnly("type");
                return [Decoders.ByteFallback];
            case "Fuse":
                place.AllowOnly("type");
                return [Decoders.Fuse];
            case "Replace":
                place.AllowOnly("type", "pattern", "content");
                return [Decoders.Replace(NormalizerReader.Literal(place), place.Get("content").Text())];
            case "Strip":
                place.AllowOnly("type", "content", "start", "stop");
                return [Decoders.Strip(StripCharacter(place.Get("content")), Count(place.Get("start")), Count(place.Get("stop")))];
            case "Metaspace":
                (string mark, PrependScheme scheme) = PreTokenizerReader.Metaspace(place);
                return [Decoders.Metaspace(mark, scheme != PrependScheme.Never)];
            case "WordPiece":
                place.AllowOnly("type", "prefix", "cleanup");
                return [Decoders.WordPiece(place.Get("prefix").Text(), place.Get("cleanup").Flag())];
            default:
                throw place.Error(
                    $"the decoder '{type}' is not supported (supported: Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip, "
                        + "Metaspace, WordPiece)");
        }
    }

    private static char StripCharacter(JsonPlace content) =>
        content.Text() is [char one] ? one : throw content.Error("one character of the basic plane was expected");

    private static int Count(JsonPlace place) =>
        place.Integer() is >= 0 and int count ? count : throw place.Error("a number that is not negative was expected");
}
