using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using IlZo.Tokenization;

namespace IlZo.Gguf;

/// <summary>A tokenizer of a GGUF file as the files of the reference library: tokenizer.json, or SentencePiece's tokenizer.model.</summary>
internal static class ImportedTokenizer
{
    private const string Prefix = "tokenizer.ggml.";
    private const string UnknownToken = "<unk>";

    /// <summary>The files by name.</summary>
    /// <exception cref="InvalidInputException">The file has no tokenizer, or one that is not known.</exception>
    public static IReadOnlyDictionary<string, byte[]> Files(GgufFields fields)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        string model = fields.FindText(Prefix + "model") ?? throw fields.Error(Prefix + "model", "nothing", "llama or gpt2");
        string[] tokens = [.. fields.Texts(Prefix + "tokens")];
        var types = (fields.FindNumbers(Prefix + "token_type") ?? []).Select(t => (PieceType)(int)t).ToArray();
        if (types.Length == 0)
        {
            types = [.. Enumerable.Repeat(PieceType.Normal, tokens.Length)];
        }

        if (types.Length != tokens.Length)
        {
            throw fields.Error(Prefix + "token_type", $"{types.Length} types", $"{tokens.Length}, one for each token");
        }

        // Rows of the embeddings that no text has stand at the end.
        int used = tokens.Length;
        while (used > 0 && types[used - 1] == PieceType.Unused)
        {
            used--;
        }

        (tokens, types) = (tokens[..used], types[..used]);
        var settings = new JsonObject();
        switch (model)
        {
            case "llama":
                files[TokenizerLoader.SentencePieceFile] = Pieces(fields, tokens, types);
                settings["tokenizer_class"] = "LlamaTokenizer";
                settings["legacy"] = false;
                settings["add_bos_token"] = fields.FindFlag(Prefix + "add_bos_token") ?? true;
                settings["add_eos_token"] = fields.FindFlag(Prefix + "add_eos_token") ?? false;
                break;
            case "gpt2":
                files[TokenizerJsonFile.FileName] = Encoding.UTF8.GetBytes(ByteLevel(fields, tokens, types).ToJsonString());
                settings["tokenizer_class"] = "PreTrainedTokenizerFast";
                break;
            default:
                throw fields.Error(Prefix + "model", $"'{model}'", "llama or gpt2");
        }

        foreach (string name in (string[])["bos", "eos", "unknown", "padding"])
        {
            if (TokenId(fields, name, tokens.Length) is { } id)
            {
                settings[$"{name switch { "unknown" => "unk", "padding" => "pad", _ => name }}_token"] = tokens[id];
            }
        }

        if (fields.FindText("tokenizer.chat_template") is { } template)
        {
            settings["chat_template"] = template;
        }

        files["tokenizer_config.json"] = Encoding.UTF8.GetBytes(settings.ToJsonString());
        return files;
    }

    // The token of a meaning; null where there is none, or it is one that no text has.
    private static int? TokenId(GgufFields fields, string name, int used) =>
        fields.FindToken($"{Prefix}{name}_token_id", fields.Texts(Prefix + "tokens").Count) is { } id && id < used ? id : null;

    private static JsonObject ByteLevel(GgufFields fields, string[] tokens, PieceType[] types)
    {
        string cuts = fields.FindText(Prefix + "pre") ?? "default";
        var (pattern, normalizer, beginsTexts) = cuts switch
        {
            "gpt-2" or "gpt2" or "default" => (null, null, false),
            "llama-bpe" or "llama3" or "llama-v3" => (WordSplitter.Llama3Pattern, null, true),
            "qwen2" => (WordSplitter.Qwen2Pattern, new JsonObject { ["type"] = "NFC" }, false),
            _ => throw fields.Error(Prefix + "pre", $"'{cuts}'", "gpt-2, llama-bpe or qwen2, the ways of cutting texts that are known"),
        };
        var bytes = new JsonObject
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = false,
            ["trim_offsets"] = true,
            ["use_regex"] = pattern is null,
        };
        var added = new JsonArray();
        var vocabulary = new JsonObject();
        for (int id = 0; id < tokens.Length; id++)
        {
            if (types[id] is PieceType.Control or PieceType.UserDefined)
            {
                added.Add((JsonNode)new JsonObject
                {
                    ["id"] = id,
                    ["content"] = tokens[id],
                    ["single_word"] = false,
                    ["lstrip"] = false,
                    ["rstrip"] = false,
                    ["normalized"] = false,
                    ["special"] = types[id] == PieceType.Control,
                });
            }
            else if (!vocabulary.TryAdd(tokens[id], id))
            {
                throw fields.Error(Prefix + "tokens", $"'{tokens[id]}' a second time", "each token once");
            }
        }

        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = added,
            ["normalizer"] = normalizer,
            ["pre_tokenizer"] = pattern is null
                ? bytes.DeepClone()
                : new JsonObject
                {
                    ["type"] = "Sequence",
                    ["pretokenizers"] = new JsonArray(
                        new JsonObject
                        {
                            ["type"] = "Split",
                            ["pattern"] = new JsonObject { ["Regex"] = pattern },
                            ["behavior"] = "Isolated",
                            ["invert"] = false,
                        },
                        bytes.DeepClone()),
                },
            ["post_processor"] = (fields.FindFlag(Prefix + "add_bos_token") ?? beginsTexts)
                && TokenId(fields, "bos", tokens.Length) is { } bos
                ? Template(tokens[bos], bos)
                : bytes.DeepClone(),
            ["decoder"] = bytes.DeepClone(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = beginsTexts,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. fields.Texts(Prefix + "merges").Select(m => JsonValue.Create(m))]),
            },
        };
    }

    private static JsonObject Template(string token, int id) => new()
    {
        ["type"] = "TemplateProcessing",
        ["single"] = new JsonArray(Special(token), new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } }),
        ["pair"] = new JsonArray(
            Special(token), new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } },
            Special(token), new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "B", ["type_id"] = 1 } }),
        ["special_tokens"] = new JsonObject
        {
            [token] = new JsonObject { ["id"] = token, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(token) },
        },
    };

    private static JsonObject Special(string token) =>
        new() { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = 0 } };

    // sentencepiece_model.proto: pieces (1), the trainer's settings (2) and the normalizer's (3).
    private static byte[] Pieces(GgufFields fields, string[] tokens, PieceType[] types)
    {
        var scores = fields.FindNumbers(Prefix + "scores") ?? throw fields.Error(Prefix + "scores", "nothing", "a score for each token");
        if (scores.Count < tokens.Length)
        {
            throw fields.Error(Prefix + "scores", $"{scores.Count} scores", $"{tokens.Length} at least, one for each token");
        }

        // SentencePiece has to have one.
        if (!types.Contains(PieceType.Unknown))
        {
            int unknown = Id("unknown", Array.IndexOf(tokens, UnknownToken));
            types[unknown >= 0 ? unknown : throw fields.Error(Prefix + "unknown_token_id", "nothing", $"it, or a token '{UnknownToken}'")] =
                PieceType.Unknown;
        }

        var file = new ProtobufWriter();
        for (int id = 0; id < tokens.Length; id++)
        {
            var piece = new ProtobufWriter();
            piece.Text(1, tokens[id]);
            piece.Single(2, (float)scores[id]);
            piece.Integer(3, (int)(types[id] == PieceType.Unused ? PieceType.UserDefined : types[id]));
            file.Message(1, piece);
        }

        var trainer = new ProtobufWriter();
        trainer.Integer(3, 2);
        trainer.Integer(35, types.Contains(PieceType.Byte) ? 1 : 0);
        trainer.Integer(40, Id("unknown", Array.IndexOf(types, PieceType.Unknown)));
        trainer.Integer(41, Id("bos", -1));
        trainer.Integer(42, Id("eos", -1));
        trainer.Integer(43, Id("padding", -1));
        file.Message(2, trainer);
        var normalizer = new ProtobufWriter();
        normalizer.Text(1, "identity");
        normalizer.Integer(3, fields.FindFlag(Prefix + "add_space_prefix") ?? true ? 1 : 0);
        normalizer.Integer(4, 0);
        normalizer.Integer(5, 1);
        file.Message(3, normalizer);
        return file.ToArray();

        int Id(string name, int otherwise) => TokenId(fields, name, tokens.Length) ?? otherwise;
    }

    // Fields of a message of Protocol Buffers.
    private sealed class ProtobufWriter
    {
        private readonly MemoryStream _bytes = new();

        public byte[] ToArray() => _bytes.ToArray();

        public void Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

        public void Message(int field, ProtobufWriter message) => Bytes(field, message.ToArray());

        public void Integer(int field, int value)
        {
            Variable(((ulong)field << 3) | 0);
            Variable((ulong)(long)value);
        }

        public void Single(int field, float value)
        {
            Variable(((ulong)field << 3) | 5);
            Span<byte> bytes = stackalloc byte[sizeof(float)];
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            _bytes.Write(bytes);
        }

        private void Bytes(int field, byte[] bytes)
        {
            Variable(((ulong)field << 3) | 2);
            Variable((ulong)bytes.Length);
            _bytes.Write(bytes);
        }

        private void Variable(ulong value)
        {
            while (value >= 0x80)
            {
                _bytes.WriteByte((byte)(value | 0x80));
                value >>= 7;
            }

            _bytes.WriteByte((byte)value);
        }
    }
}
