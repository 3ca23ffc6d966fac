namespace IlZo.Tokenization;

/// <summary>
/// Reads vocab.txt, a token a line: BERT's WordPiece, with the words and the lower case that tokenizer_config.json says.
/// Source: huggingface/transformers convert_slow_tokenizer.py, BertConverter.
/// </summary>
internal static class VocabTextFile
{
    public const string FileName = "vocab.txt";

    public static ITokenizer Load(TokenizerSource source, TokenizerConvention convention)
    {
        if (convention.Family is not (TokenizerFamily.Bert or TokenizerFamily.Unknown))
        {
            string named = convention.Class is { } type ? $"tokenizer_class '{type}'" : $"model_type '{convention.ModelType}'";
            throw new InvalidInputException(
                $"{source.PathOf(FileName)}: how {named} cuts words is not known for {FileName}; a tokenizer.json or the classes of BERT "
                    + "or DistilBERT were expected.");
        }

        string path = source.PathOf(FileName);
        var tokens = new TokenTable();
        foreach ((int id, string text) in TextLines.Read(source, FileName).Index())
        {
            // An empty line is a number that no token has.
            if (text.Length > 0)
            {
                tokens.Add(text, id, expectation => new($"{path}, line {id + 1}: {expectation}."));
            }
        }

        string unknown = convention.NameOf("unk_token") ?? "[UNK]";
        var model = new WordPieceModel(tokens, tokens.TryGetId(unknown, out int unknownId)
            ? unknownId
            : throw new InvalidInputException($"{path}: the token '{unknown}' is missing, which stands for unknown words."));
        convention.Complete(tokens);
        foreach (string text in (string[])["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
        {
            if (tokens.TryGetId(text, out int id))
            {
                tokens.MarkSpecial(id);
            }
        }

        return new PipelineTokenizer(
            new PipelineParts(tokens, model)
            {
                Raw = new AddedTokens(convention.Parsed.Select(token => (token.Text, token.Id))),
                Normalizer = [Normalizer(convention.Config).Normalize],
                PreTokenizer = new BertPreTokenizer(),
                Decoder = [Decoders.WordPiece(WordPieceModel.DefaultPrefix, cleanup: true)],
            },
            convention.Frame(tokens, TokenizerFamily.Bert));
    }

    private static BertNormalizer Normalizer(JsonPlace? config)
    {
        bool cutsWords = Flag("do_basic_tokenize", true);
        bool lowersCase = cutsWords && Flag("do_lower_case", true);
        return new BertNormalizer(
            cleansText: true,
            cutsWords && Flag("tokenize_chinese_chars", true),
            cutsWords && Flag("strip_accents", lowersCase),
            lowersCase);

        bool Flag(string name, bool otherwise) => config?.Flag(name, otherwise) ?? otherwise;
    }
}
