namespace IlZo.Tokenization;

/// <summary>
/// Makes the tokenizer of a model folder. It takes the first of <c>tokenizer.json</c> (Hugging Face tokenizers, BPE or WordPiece),
/// <c>tokenizer.model</c> (SentencePiece BPE, or Llama 3's tiktoken ranks), <c>vocab.json</c> with <c>merges.txt</c>
/// (GPT-2, OPT, RoBERTa) and <c>vocab.txt</c> (BERT). What goes around a text is said by the tokenizer file itself, else by
/// <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c>, else by the <c>model_type</c> of <c>config.json</c>.
/// </summary>
/// <remarks>The tokenizers are immutable after loading and safe for use from many threads.</remarks>
internal static class TokenizerLoader
{
    public const string SentencePieceFile = "tokenizer.model";

    /// <summary>Whether a folder holds the files of a tokenizer (they may still be refused by <see cref="Load(string)"/>).</summary>
    /// <param name="folder">A path; a folder that does not exist holds none.</param>
    public static bool Exists(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Exists(TokenizerSource.Folder(folder));
    }

    /// <summary>Whether a set of files holds those of a tokenizer.</summary>
    /// <param name="open">Opens a file by its name, or returns null where there is none.</param>
    public static bool Exists(Func<string, Stream?> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        return Exists(new TokenizerSource(open, string.Empty));
    }

    /// <summary>The tokenizer of a folder.</summary>
    /// <param name="folder">The path of a model folder.</param>
    /// <exception cref="InvalidInputException">The folder has no tokenizer, or one that is broken or not supported.</exception>
    public static ITokenizer Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Load(TokenizerSource.Folder(folder));
    }

    /// <summary>The tokenizer of files that are not in a folder, such as those embedded in an assembly.</summary>
    /// <param name="open">Opens a file by its name (<c>tokenizer.json</c>), or returns null where there is none.</param>
    /// <param name="name">What messages call the set of files.</param>
    /// <exception cref="InvalidInputException">There is no tokenizer, or one that is broken or not supported.</exception>
    public static ITokenizer Load(Func<string, Stream?> open, string name)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(name);
        return Load(new TokenizerSource(open, name));
    }

    private static bool Exists(TokenizerSource source) =>
        source.Has(TokenizerJsonFile.FileName) || source.Has(SentencePieceFile)
        || HasMerges(source) || source.Has(VocabTextFile.FileName);

    private static bool HasMerges(TokenizerSource source) =>
        source.Has(VocabMergesFiles.VocabularyFile) && source.Has(VocabMergesFiles.MergesFile);

    private static ITokenizer Load(TokenizerSource source)
    {
        if (!Exists(source))
        {
            throw new InvalidInputException(
                $"{source.Name}: there is no tokenizer; {TokenizerJsonFile.FileName}, {SentencePieceFile}, "
                + $"{VocabMergesFiles.VocabularyFile} with {VocabMergesFiles.MergesFile}, or {VocabTextFile.FileName} were looked for.");
        }

        var convention = new TokenizerConvention(source);
        if (source.Has(TokenizerJsonFile.FileName))
        {
            return TokenizerJsonFile.Load(source, convention);
        }

        return source.Has(SentencePieceFile) ? LoadModelFile(source, convention)
            : HasMerges(source) ? VocabMergesFiles.Load(source, convention)
            : VocabTextFile.Load(source, convention);
    }

    private static ITokenizer LoadModelFile(TokenizerSource source, TokenizerConvention convention)
    {
        byte[] bytes = source.Read(SentencePieceFile);
        if (TiktokenFile.IsRecognised(bytes))
        {
            return TiktokenFile.Load(source, SentencePieceFile, convention);
        }

        // Other classes renumber the pieces.
        if (convention.Class is not null && convention.Family != TokenizerFamily.Llama)
        {
            throw new InvalidInputException(
                $"{source.PathOf(SentencePieceFile)}: the tokenizer_class '{convention.Class}' is not supported with this file, "
                + "LlamaTokenizer was expected.");
        }

        return new SentencePieceTokenizer(new SentencePieceModel(bytes, source.PathOf(SentencePieceFile)), convention);
    }
}
