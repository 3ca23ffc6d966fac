using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using IlZo.BuiltIn;
using IlZo.Fuzz.Mutation;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Fuzz.Targets;

/// <summary>The files of tokenizers, and the texts they are given. A tokenizer that is accepted encodes and decodes.</summary>
internal static class TokenizerTargets
{
    // Every kind of character that a component treats in its own way, and halves of surrogate pairs.
    private const string Sample =
        "  It's 2024, naïve Cafe\u0301 \u1100\u1161\u11A8 \U0001F600\uD83D \uDE00\u2028\r\n\t<s>a</s><|endoftext|>\0";

    private static readonly string[] s_words =
    [
        "version", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model", "type", "BPE", "vocab", "merges",
        "unk_token",
        "fuse_unk", "byte_fallback", "ignore_merges", "dropout", "Sequence", "normalizers", "pretokenizers", "processors", "decoders",
        "NFC", "Prepend",
        "prepend", "Replace", "pattern", "String", "Regex", "content", "ByteLevel", "add_prefix_space", "trim_offsets", "use_regex",
        "Digits",
        "individual_digits", "Metaspace", "replacement", "prepend_scheme", "always", "first", "never", "split", "Split", "behavior",
        "Isolated", "Removed",
        "invert", "RobertaProcessing", "sep", "cls", "TemplateProcessing", "single", "pair", "special_tokens", "SpecialToken", "id", "ids",
        "tokens", "type_id",
        "ByteFallback", "Fuse", "Strip", "start", "stop", "special", "lstrip", "rstrip", "normalized", "single_word", "truncation",
        "padding",
        "<0x41>", "▁", "Ġ", "a", "b", "ab", "tokenizer_class", "LlamaTokenizer", "GPT2Tokenizer", "RobertaTokenizer",
        "PreTrainedTokenizerFast", "bos_token",
        "eos_token", "pad_token", "mask_token", "add_bos_token", "add_eos_token", "added_tokens_decoder", "legacy", "chat_template", "name",
        "template",
        "Contiguous", "MergedWithPrevious", "MergedWithNext", "a*b|a", "(a|ab)+c?",
        "(?i:'s)|[^\\s\\p{L}]?\\p{Lu}*[\\p{Ll}\\p{M}]+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+", "(?:", "(?i:", "(?!\\S)", "\\p{",
        "WordPiece", "max_input_chars_per_word", "continuing_subword_prefix", "##", "##a", "[UNK]", "[CLS]", "[SEP]", "[MASK]",
        "BertNormalizer",
        "clean_text", "handle_chinese_chars", "strip_accents", "lowercase", "BertPreTokenizer", "BertProcessing", "prefix", "cleanup",
        "do_lower_case", "tokenize_chinese_chars", "do_basic_tokenize", "BertTokenizer", "Sequence", "A", "B",
        "default", "clean_up_tokenization_spaces", "model_max_length", "additional_special_tokens", "__type", "AddedToken",
    ];

    private static readonly byte[] s_wordPieces =
        "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##a\nit\n'\ns\n2024\n,\nnaive\ncafe\n##e\n\n\u1112\n"u8.ToArray();

    public static IEnumerable<FuzzTarget> All =>
    [
        new(
            "tokenizer-json",
            "tokenizer.json",
            () => SeedFiles.In("tokenizer-json"),
            new JsonMutator(s_words),
            () => Folder("tokenizer.json")),
        new(
            "tokenizer-model",
            "tokenizer.model of SentencePiece",
            SentencePieceSeeds,
            new ProtobufMutator(),
            () => Folder("tokenizer.model")),
        new(
            "tiktoken",
            "tokenizer.model of tiktoken: base64 and ranks",
            () => SeedFiles.In("tiktoken"),
            new ByteMutator("IQ== 0\n", "\n", " ", "=", "128000"),
            () => Folder("tokenizer.model")),
        new(
            "vocab-json",
            "vocab.json",
            VocabularySeeds,
            new JsonMutator("a", "b", "ab", "Ġa", "<s>", "</s>", "<mask>", "<|endoftext|>"),
            () => Folder("vocab.json", ("merges.txt", Merges()))),
        new(
            "merges-txt",
            "merges.txt",
            () => [Merges()],
            new ByteMutator("#version: 0.2\n", "\n", " ", "a b\n", "ab c\n", "Ġ a\n"),
            () => Folder("merges.txt", ("vocab.json", Vocabulary()))),
        new(
            "vocab-txt",
            "vocab.txt of BERT",
            () => [s_wordPieces],
            new ByteMutator("[UNK]\n", "##", "\n", "\r\n", "a\n", "##a\n", "\u0130\n", "\u0301"),
            () => Folder("vocab.txt", ("tokenizer_config.json", """{"tokenizer_class":"BertTokenizer"}"""u8.ToArray()))),
        new(
            "tokenizer-config",
            "tokenizer_config.json with its chat template",
            () => SeedFiles.In("tokenizer-config"),
            new JsonMutator(s_words),
            ReadConfig),
        new(
            "special-tokens-map",
            "special_tokens_map.json",
            () => SeedFiles.In("special-tokens-map"),
            new JsonMutator(s_words),
            () => Folder("special_tokens_map.json", ("vocab.json", Vocabulary()), ("merges.txt", Merges()))),
        new(
            "added-tokens",
            "added_tokens.json",
            () => SeedFiles.In("added-tokens"),
            new JsonMutator(s_words),
            () => Folder("added_tokens.json", ("vocab.json", Vocabulary()), ("merges.txt", Merges()))),
        new("text", "texts in UTF-16 as they come, to encode and "
            + "decode", TextSeeds, new ByteMutator("<s>", "</s>", "<|endoftext|>", "▁"), ReadTexts) { MaxLength = 1 << 12 },
    ];

    /// <summary>A small tokenizer for targets that need one.</summary>
    public static ITokenizer Small() => TokenizerLoader.Load(Open(("vocab.json", Vocabulary()), ("merges.txt", Merges())), "memory");

    private static Func<string, Stream?> Open(params (string Name, byte[] Content)[] files) =>
        name => Array.Find(files, f => f.Name == name).Content is { } content ? new MemoryStream(content, writable: false) : null;

    // The input under its name beside files that suit it.
    private static Action<byte[]> Folder(string name, params (string Name, byte[] Content)[] others) => input =>
    {
        var tokenizer = TokenizerLoader.Load(Open([(name, input), .. others]), "memory");
        Use(tokenizer, Sample);
    };

    private static Action<byte[]> ReadConfig()
    {
        byte[] vocabulary = Vocabulary();
        byte[] merges = Merges();
        return input =>
        {
            var open = Open(("tokenizer_config.json", input), ("vocab.json", vocabulary), ("merges.txt", merges));
            _ = ChatTemplateFile.Find(name => name == "tokenizer_config.json" ? input : null, "memory");
            Use(TokenizerLoader.Load(open, "memory"), Sample);
        };
    }

    private static Action<byte[]> ReadTexts()
    {
        ITokenizer[] tokenizers =
        [
            TokenizerLoader.Load(Open(("vocab.json", Vocabulary()), ("merges.txt", Merges())), "memory"),
            TokenizerLoader.Load(Open(("tokenizer.model", SentencePieceSeeds().First())), "memory"),
            .. SeedFiles.In("tokenizer-json").Select(file => TokenizerLoader.Load(Open(("tokenizer.json", file)), "memory")),
        ];
        return input =>
        {
            string text = new(MemoryMarshal.Cast<byte, char>(input));
            foreach (var tokenizer in tokenizers)
            {
                Use(tokenizer, text);
            }
        };
    }

    private static void Use(ITokenizer tokenizer, string text)
    {
        int[] ids = tokenizer.Encode(text);
        tokenizer.Pair.Around(ids, ids);
        tokenizer.Decode(ids);
        tokenizer.Decode(
            [.. text.Select(c => c % Math.Max(1, tokenizer.VocabularySize)).Take(tokenizer.VocabularySize > 0 ? 64 : 0)],
            skipSpecialTokens: false);
        try
        {
            tokenizer.EncodeMarkup(text);
        }
        catch (InvalidInputException)
        {
            // The text may hold a token that markup must not.
        }
    }

    private static byte[] Vocabulary()
    {
        var tokens = Enumerable.Range(0, 256).Select(i => ByteLevelAlphabet.Character((byte)i).ToString()).ToList();
        tokens.AddRange(["ab", "Ġa", "abc", "it", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<|endoftext|>"]);
        return JsonSerializer.SerializeToUtf8Bytes(tokens.Index().ToDictionary(t => t.Item, t => t.Index));
    }

    private static IEnumerable<byte[]> VocabularySeeds() => [Vocabulary()];

    private static byte[] Merges() => Encoding.UTF8.GetBytes("#version: 0.2\na b\nĠ a\nab c\ni t\n");

    private static IEnumerable<byte[]> TextSeeds() =>
        new[] { Sample, "It was a terrible film.", "\uD800", "\uDC00\uD800", new string('a', 300), "<s>x</s>" }.Select(
            t => MemoryMarshal.AsBytes(t.AsSpan()).ToArray());

    // Pieces 1 to 6 of each type, a trainer and a normalizer: sentencepiece_model.proto.
    private static IEnumerable<byte[]> SentencePieceSeeds()
    {
        (string Text, float Score, int Type)[] pieces =
        [
            ("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), .. Enumerable.Range(0, 256).Select(i => ($"<0x{i:X2}>", 0f, 6)),
            ("▁", -1, 1), ("a", -2, 1), ("b", -3, 1), ("▁a", -0.5f, 1), ("ab", -0.25f, 1), ("<x>", 0, 4),
        ];
        byte[] trainer = Message(2, [.. Number(3, 2), .. Number(24, 0), .. Number(35, 1), .. Number(40, 0)]);
        byte[] normalizer = Message(3, [.. Message(1, "identity"u8.ToArray()), .. Number(3, 1), .. Number(4, 0), .. Number(5, 1)]);
        yield return [.. pieces.SelectMany(p => Message(1, Piece(p.Text, p.Score, p.Type))), .. trainer, .. normalizer];
        yield return [.. pieces.Take(3)
            .SelectMany(p => Message(1, Piece(p.Text, p.Score, p.Type))), .. Message(1, Piece("a", -1, 1)), .. trainer, .. normalizer];
    }

    private static byte[] Piece(string text, float score, int type) =>
        [.. Message(1, Encoding.UTF8.GetBytes(text)), 0x15, .. BitConverter.GetBytes(score), .. Number(3, type)];

    private static byte[] Message(int field, byte[] content) => [(byte)((field << 3) | 2), (byte)content.Length, .. content];

    private static byte[] Number(int field, int value) =>
        field < 16 ? [(byte)(field << 3), (byte)value] : [(byte)(((field << 3) & 0x7F) | 0x80), (byte)(field >> 4), (byte)value];
}
