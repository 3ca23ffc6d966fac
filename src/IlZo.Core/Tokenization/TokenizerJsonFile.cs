namespace IlZo.Tokenization;

/// <summary>
/// Reads a tokenizer.json (Hugging Face tokenizers) with a BPE or WordPiece model. Every component is built or refused by name.
/// </summary>
internal static class TokenizerJsonFile
{
    public const string FileName = "tokenizer.json";

    private const string WordPiece = "WordPiece";

    public static ITokenizer Load(TokenizerSource source, TokenizerConvention convention)
    {
        JsonPlace root = source.TryReadJson(FileName)
            ?? throw new InvalidInputException($"{source.PathOf(FileName)}: the file is missing.");
        root.AllowOnly(
            "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder",
            "model");
        // What a program once asked for; 'truncation' and 'padding' are no part of a text's tokens and are not applied.
        JsonPlace modelPlace = root.Get("model");
        string type = ModelType(modelPlace);
        TokenTable tokens = ReadVocabulary(modelPlace);
        WordPieceModel? wordPieces = type == WordPiece ? ReadWordPieces(modelPlace, tokens) : null;
        List<Func<string, string>> normalizer = NormalizerReader.Read(root.Find("normalizer"));
        (AddedTokens raw, AddedTokens normalized, HashSet<string> added) =
            ReadAddedTokens(root.Find("added_tokens"), tokens, normalizer);
        convention.Complete(tokens);
        foreach (ExtraToken token in convention.Parsed)
        {
            if (!added.Contains(token.Text))
            {
                throw token.Place.Error($"the added token '{token.Text}' is missing from {FileName}");
            }
        }

        PostProcessing processing = PostProcessorReader.Read(root.Find("post_processor"), tokens);
        return new PipelineTokenizer(
            new PipelineParts(tokens, wordPieces ?? (IWordModel)ReadModel(modelPlace, tokens))
            {
                Raw = raw,
                Normalizer = normalizer,
                Normalized = normalized,
                PreTokenizer = PreTokenizerReader.Read(root.Find("pre_tokenizer")),
                Decoder = root.Find("decoder") is { } decoder ? DecoderReader.Read(decoder) : null,
            },
            Frame(convention, tokens, processing));
    }

    /// <summary>
    /// The post-processor decides. Where it adds nothing, the files around it do; and Llama's class builds its own
    /// post-processor from add_bos_token and add_eos_token where they are written down. Where nothing names the end of a
    /// text, it is what the post-processor puts behind one.
    /// </summary>
    private static SpecialFrame Frame(TokenizerConvention convention, TokenTable tokens, PostProcessing processing)
    {
        (int[] prefix, int[] suffix, PairFrame? pair) = processing;
        TokenizerFamily family = convention.Family;
        SpecialFrame frame = convention.Frame(tokens, family);
        bool written = convention.AddBos is not null || convention.AddEos is not null;
        bool silent = prefix.Length == 0 && suffix.Length == 0;
        return silent || (family == TokenizerFamily.Llama && written)
            ? frame
            : frame with
            {
                Prefix = prefix,
                Suffix = suffix,
                Pair = pair,
                EosId = frame.EosId ?? (suffix.Length > 0 ? suffix[^1] : null),
            };
    }

    // Files written before the member existed have no type; only BPE has merges, and only WordPiece a longest word.
    private static string ModelType(JsonPlace model)
    {
        string type = model.Find("type")?.Text()
            ?? (model.Find("merges") is not null ? "BPE" : model.Find("max_input_chars_per_word") is not null ? WordPiece : "unnamed");
        if (type is "BPE" or WordPiece)
        {
            return type;
        }

        string known = type == "Unigram" ? " (that of T5, ALBERT and XLM-RoBERTa)" : string.Empty;
        throw model.Error($"the model type '{type}'{known} is not supported; expected BPE, which the checkpoints of OPT, GPT-2, RoBERTa, "
            + "Llama, Mistral and Qwen have, or WordPiece, which those of BERT have");
    }

    private static TokenTable ReadVocabulary(JsonPlace model)
    {
        var tokens = new TokenTable();
        foreach ((string text, JsonPlace id) in model.Get("vocab").Members())
        {
            tokens.Add(text, id.Integer(), id.Error);
        }

        return tokens;
    }

    private static WordPieceModel ReadWordPieces(JsonPlace model, TokenTable tokens)
    {
        model.AllowOnly("type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab");
        JsonPlace? longest = model.Find("max_input_chars_per_word");
        int longestWord = longest?.Integer() ?? WordPieceModel.DefaultLongestWord;
        if (longestWord is < 0 or > WordPieceModel.LargestLongestWord)
        {
            throw longest!.Value.Error($"{longestWord} is not between 0 and {WordPieceModel.LargestLongestWord}");
        }

        return new WordPieceModel(
            tokens, Unknown(model.Get("unk_token"), tokens),
            model.Find("continuing_subword_prefix")?.Text() ?? WordPieceModel.DefaultPrefix, longestWord);
    }

    private static int Unknown(JsonPlace name, TokenTable tokens) => tokens.TryGetId(name.Text(), out int id)
        ? id
        : throw name.Error($"the token '{name.Text()}' is not in the vocabulary");

    private static BpeModel ReadModel(JsonPlace model, TokenTable tokens)
    {
        model.AllowOnly(
            "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback",
            "ignore_merges", "vocab", "merges");
        if (model.Find("dropout") is { } dropout && dropout.Number() != 0)
        {
            throw dropout.Error("dropout is not supported and must be null");
        }

        foreach (string name in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.Find(name) is { } affix && affix.Text().Length > 0)
            {
                throw affix.Error("this is not supported and must be null or empty");
            }
        }

        int? unknown = model.Find("unk_token") is { } unk ? Unknown(unk, tokens) : null;
        var merges = new BpeMerges();
        List<JsonPlace> rules = model.Get("merges").Items();
        for (int rank = 0; rank < rules.Count; rank++)
        {
            JsonPlace rule = rules[rank];
            (string left, string right) = rule.IsArray ? ReadPair(rule) : MergeRules.Parse(rule.Text(), rule.Error);
            MergeRules.Add(merges, tokens, left, right, rank, rule.Error);
        }

        return new BpeModel(
            tokens,
            merges,
            new BpeOptions(
                unknown, model.Flag("fuse_unk", false), model.Flag("byte_fallback", false), model.Flag("ignore_merges", false)));
    }

    private static (string Left, string Right) ReadPair(JsonPlace rule) =>
        rule.Items() is [JsonPlace left, JsonPlace right]
            ? (left.Text(), right.Text())
            : throw rule.Error("a pair of two strings was expected");

    private static (AddedTokens Raw, AddedTokens Normalized, HashSet<string> All) ReadAddedTokens(
        JsonPlace? list, TokenTable tokens, List<Func<string, string>> normalizer)
    {
        var raw = new List<(string, int)>();
        var normalized = new List<(string, int)>();
        var all = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonPlace token in list?.Items() ?? [])
        {
            token.AllowOnly("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special");
            string text = token.Get("content").Text();
            int id = token.Get("id").Integer();
            if (text.Length == 0)
            {
                throw token.Error("the content of an added token is empty");
            }

            tokens.AddOrConfirm(text, id, token.Error);
            all.Add(text);
            if (token.Flag("special", false))
            {
                tokens.MarkSpecial(id);
                tokens.MarkStripping(id, token.Flag("lstrip", false), token.Flag("rstrip", false));
                continue;
            }

            TokenizerConvention.RefuseMatchOptions(token);
            if (token.Flag("normalized", true))
            {
                string form = normalizer.Aggregate(text, (current, step) => step(current));
                if (form.Length > 0)
                {
                    normalized.Add((form, id));
                }
            }
            else
            {
                raw.Add((text, id));
            }
        }

        return (new AddedTokens(raw), new AddedTokens(normalized), all);
    }
}
