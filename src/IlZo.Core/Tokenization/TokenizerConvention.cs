using System.Globalization;

namespace IlZo.Tokenization;

/// <summary>The families of tokenizers whose conventions are known.</summary>
internal enum TokenizerFamily
{
    /// <summary>The files name no class and no model type.</summary>
    Unknown,

    /// <summary>A class that puts around a text only what its files say.</summary>
    Plain,
    Gpt2,
    Opt,
    Roberta,
    Bert,
    Llama,
}

/// <summary>A token that tokenizer_config.json or added_tokens.json adds to a vocabulary.</summary>
internal sealed record ExtraToken(string Text, int Id, bool Special, JsonPlace Place);

/// <summary>
/// What tokenizer_config.json, special_tokens_map.json, added_tokens.json and config.json say about the tokens around a
/// text. The tokenizer's own files go before config.json.
/// </summary>
internal sealed class TokenizerConvention
{
    private const string ConfigFile = "tokenizer_config.json";

    private readonly Dictionary<string, string> _named = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _modelIds = new(StringComparer.Ordinal);
    private readonly TokenizerSource _source;

    public TokenizerConvention(TokenizerSource source)
    {
        _source = source;
        if (source.TryReadJson(ConfigFile) is { } config)
        {
            Config = config;
            Class = config.Find("tokenizer_class")?.Text();
            AddBos = config.Find("add_bos_token")?.Flag();
            AddEos = config.Find("add_eos_token")?.Flag();
            AddPrefixSpace = config.Flag("add_prefix_space", false);
            SpaceAfterSpecial = config.Flag("legacy", true);
            ReadNames(config);
            ReadDecoder(config);
        }

        if (source.TryReadJson("special_tokens_map.json") is { } map)
        {
            ReadNames(map);
        }

        if (source.TryReadJson("added_tokens.json") is { } added)
        {
            foreach ((string text, JsonPlace id) in added.Members())
            {
                AddExtra(text, id.Integer(), Special.Contains(text), id);
            }
        }

        if (source.TryReadJson("config.json") is { } model)
        {
            ModelType = model.Find("model_type")?.Text();
            foreach (string name in (string[])["bos_token_id", "eos_token_id"])
            {
                // A list of end tokens stands for its first.
                JsonPlace? id = model.Find(name) is { IsArray: true } list
                    ? list.Items() is [JsonPlace first, ..] ? first : null
                    : model.Find(name);
                if (id is { } number)
                {
                    _modelIds[name] = number.Integer();
                }
            }
        }
    }

    /// <summary>The root of tokenizer_config.json, or null where there is none.</summary>
    public JsonPlace? Config { get; }

    public string? Class { get; }

    public string? ModelType { get; }

    public bool? AddBos { get; }

    public bool? AddEos { get; }

    public bool AddPrefixSpace { get; }

    /// <summary>Whether SentencePiece's dummy space stands also behind a special token in a text (transformers' <c>legacy</c>).</summary>
    public bool SpaceAfterSpecial { get; } = true;

    /// <summary>The texts of all tokens the files call special.</summary>
    public HashSet<string> Special { get; } = new(StringComparer.Ordinal);

    /// <summary>Tokens added to the vocabulary outside its own file.</summary>
    public List<ExtraToken> Extra { get; } = [];

    public TokenizerFamily Family
    {
        get
        {
            TokenizerFamily byModel = ModelType switch
            {
                "gpt2" => TokenizerFamily.Gpt2,
                "opt" => TokenizerFamily.Opt,
                "roberta" => TokenizerFamily.Roberta,
                "bert" or "distilbert" => TokenizerFamily.Bert,
                "llama" or "mistral" => TokenizerFamily.Llama,
                null => TokenizerFamily.Unknown,
                _ => TokenizerFamily.Plain,
            };
            return Class switch
            {
                null => byModel,
                // OPT's published files name GPT-2's class.
                "GPT2Tokenizer" or "GPT2TokenizerFast" => byModel == TokenizerFamily.Opt ? byModel : TokenizerFamily.Gpt2,
                "RobertaTokenizer" or "RobertaTokenizerFast" => TokenizerFamily.Roberta,
                "BertTokenizer" or "BertTokenizerFast" or "DistilBertTokenizer" or "DistilBertTokenizerFast" => TokenizerFamily.Bert,
                "LlamaTokenizer" or "LlamaTokenizerFast" => TokenizerFamily.Llama,
                _ => TokenizerFamily.Plain,
            };
        }
    }

    /// <summary>What the convention of a family puts around a text.</summary>
    public SpecialFrame Frame(TokenTable tokens, TokenizerFamily family)
    {
        (string? bosText, string? eosText) = family switch
        {
            TokenizerFamily.Gpt2 => ("<|endoftext|>", "<|endoftext|>"),
            TokenizerFamily.Opt => ("</s>", "</s>"),
            TokenizerFamily.Roberta or TokenizerFamily.Llama => ("<s>", "</s>"),
            TokenizerFamily.Bert => ("[CLS]", "[SEP]"),
            _ => ((string?)null, (string?)null),
        };
        bool bert = family == TokenizerFamily.Bert;
        bool encoder = bert || family == TokenizerFamily.Roberta;
        int? bos = Resolve(tokens, encoder ? "cls_token" : "bos_token", bosText, bert ? null : "bos_token_id");
        int? eos = Resolve(tokens, encoder ? "sep_token" : "eos_token", eosText, bert ? null : "eos_token_id");
        bool front = AddBos ?? (encoder || family is TokenizerFamily.Opt or TokenizerFamily.Llama);
        bool back = AddEos ?? encoder;
        var frame = new SpecialFrame(
            front ? Needed(bos, AddBos, "add_bos_token") : [],
            back ? Needed(eos, AddEos, "add_eos_token") : [],
            eos,
            Resolve(tokens, "mask_token", "<mask>", null) ?? Resolve(tokens, "mask_token", "[MASK]", null));
        return bert ? frame with { Pair = PairFrame.OfBert(frame.Prefix, frame.Suffix) } : frame;
    }

    /// <summary>The text of a token that a file names, such as <c>unk_token</c>; null where none does.</summary>
    public string? NameOf(string name) => _named.GetValueOrDefault(name);

    /// <summary>The extra tokens that are cut out of a text; special ones are not.</summary>
    public IEnumerable<ExtraToken> Parsed => Extra.Where(token => !token.Special);

    /// <summary>Refuses the ways of matching an added token that are not built: next to white space, or as a whole word.</summary>
    public static void RefuseMatchOptions(JsonPlace token)
    {
        foreach (string option in (string[])["single_word", "lstrip", "rstrip"])
        {
            if (token.Flag(option, false))
            {
                throw token.Error($"'{option}' is not supported for a token that is not special");
            }
        }
    }

    /// <summary>Adds the extra tokens to a vocabulary and marks what is special.</summary>
    public void Complete(TokenTable tokens)
    {
        foreach (ExtraToken token in Extra)
        {
            tokens.AddOrConfirm(token.Text, token.Id, token.Place.Error);
        }

        foreach (string text in Special)
        {
            if (tokens.TryGetId(text, out int id))
            {
                tokens.MarkSpecial(id);
            }
        }
    }

    private int? Resolve(TokenTable tokens, string name, string? otherwise, string? modelName)
    {
        if (_named.TryGetValue(name, out string? text))
        {
            return tokens.TryGetId(text, out int named)
                ? named
                : throw new InvalidInputException(
                    $"{_source.PathOf(ConfigFile)}, {name}: the token '{text}' is not in the vocabulary.");
        }

        if (modelName is not null && _modelIds.TryGetValue(modelName, out int modelId) && tokens.TryGetText(modelId, out _))
        {
            return modelId;
        }

        return otherwise is not null && tokens.TryGetId(otherwise, out int id) ? id : null;
    }

    private int[] Needed(int? id, bool? asked, string name) => id is { } known ? [known]
        : asked is null ? []
        : throw new InvalidInputException(
            $"{_source.PathOf(ConfigFile)}, {name}: adding the token is requested, but no file names it.");

    private void ReadNames(JsonPlace file)
    {
        foreach ((string name, JsonPlace value) in file.Members())
        {
            if (value.IsNull)
            {
                continue;
            }

            if (name == "additional_special_tokens")
            {
                foreach (JsonPlace item in value.Items())
                {
                    Special.Add(TokenText(item));
                }
            }
            else if (name is "bos_token" or "eos_token" or "unk_token" or "pad_token" or "cls_token" or "sep_token" or "mask_token")
            {
                string text = TokenText(value);
                _named.TryAdd(name, text);
                Special.Add(text);
            }
        }
    }

    private void ReadDecoder(JsonPlace config)
    {
        if (config.Find("added_tokens_decoder") is not { } decoder)
        {
            return;
        }

        foreach ((string key, JsonPlace value) in decoder.Members())
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            {
                throw value.Error("the name of this member was expected to be a token id");
            }

            bool special = value.Flag("special", false);
            if (!special)
            {
                RefuseMatchOptions(value);
            }

            AddExtra(value.Get("content").Text(), id, special, value);
        }
    }

    private void AddExtra(string text, int id, bool special, JsonPlace place)
    {
        if (text.Length == 0)
        {
            throw place.Error("an added token is empty");
        }

        // Both files may list the same token; the first says more about it.
        if (!Extra.Exists(token => token.Text == text && token.Id == id))
        {
            Extra.Add(new ExtraToken(text, id, special, place));
        }

        if (special)
        {
            Special.Add(text);
        }
    }

    private static string TokenText(JsonPlace token) => token.IsObject ? token.Get("content").Text() : token.Text();
}
