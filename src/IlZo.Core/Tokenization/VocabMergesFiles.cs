namespace IlZo.Tokenization;

/// <summary>Reads vocab.json and merges.txt: the byte-level BPE of GPT-2, OPT and RoBERTa.</summary>
internal static class VocabMergesFiles
{
    public const string VocabularyFile = "vocab.json";
    public const string MergesFile = "merges.txt";

    public static ITokenizer Load(TokenizerSource source, TokenizerConvention convention)
    {
        TokenizerFamily family = convention.Family;
        if (family is TokenizerFamily.Plain or TokenizerFamily.Llama or TokenizerFamily.Bert)
        {
            string named = convention.Class is { } type ? $"tokenizer_class '{type}'" : $"model_type '{convention.ModelType}'";
            throw new InvalidInputException(
                $"{source.PathOf(VocabularyFile)}: how {named} cuts words is not known for {VocabularyFile} and {MergesFile}, "
                + "a tokenizer.json or the classes of GPT-2, OPT or RoBERTa were expected.");
        }

        TokenTable tokens = ReadVocabulary(source);
        convention.Complete(tokens);
        foreach (string text in (string[])["<|endoftext|>", "<s>", "<pad>", "</s>", "<unk>", "<mask>"])
        {
            if (tokens.TryGetId(text, out int id))
            {
                tokens.MarkSpecial(id);
                tokens.MarkStripping(id, left: text == "<mask>", right: false);
            }
        }

        BpeMerges merges = ReadMerges(source, tokens);
        return new PipelineTokenizer(
            new PipelineParts(tokens, new BpeModel(tokens, merges, new BpeOptions()))
            {
                Raw = new AddedTokens(convention.Parsed.Select(token => (token.Text, token.Id))),
                PreTokenizer = new ByteLevelPreTokenizer(convention.AddPrefixSpace, WordSplitter.Gpt2),
                Decoder = [Decoders.ByteLevel],
            },
            convention.Frame(tokens, family == TokenizerFamily.Unknown ? TokenizerFamily.Gpt2 : family));
    }

    private static TokenTable ReadVocabulary(TokenizerSource source)
    {
        JsonPlace root = source.TryReadJson(VocabularyFile)
            ?? throw new InvalidInputException($"{source.PathOf(VocabularyFile)}: the file is missing.");
        var tokens = new TokenTable();
        foreach ((string text, JsonPlace id) in root.Members())
        {
            tokens.Add(text, id.Integer(), id.Error);
        }

        // Without all bytes some text would vanish in silence.
        for (int i = 0; i < 256; i++)
        {
            string spelled = ByteLevelAlphabet.Character((byte)i).ToString();
            if (!tokens.TryGetId(spelled, out _))
            {
                throw root.Error($"the token '{spelled}' of the byte {i} is missing");
            }
        }

        return tokens;
    }

    /// <summary>The pairs that merge, in order.</summary>
    public static IReadOnlyList<(string Left, string Right)> Merges(TokenizerSource source)
    {
        var pairs = new List<(string, string)>();
        EachMerge(source, (left, right, _) => pairs.Add((left, right)));
        return pairs;
    }

    private static BpeMerges ReadMerges(TokenizerSource source, TokenTable tokens)
    {
        var merges = new BpeMerges();
        int rank = 0;
        EachMerge(source, (left, right, error) => MergeRules.Add(merges, tokens, left, right, rank++, error));
        return merges;
    }

    private static void EachMerge(TokenizerSource source, Action<string, string, Func<string, InvalidInputException>> take)
    {
        string path = source.PathOf(MergesFile);
        int number = 0;
        foreach (string line in TextLines.Read(source, MergesFile))
        {
            number++;
            if (line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))
            {
                InvalidInputException Error(string expectation) => new($"{path}, line {number}: {expectation}.");
                (string left, string right) = MergeRules.Parse(line, Error);
                take(left, right, Error);
            }
        }
    }
}
