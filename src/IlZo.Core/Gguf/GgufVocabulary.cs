using IlZo.Tokenization;

namespace IlZo.Gguf;

/// <summary>The tokens of a model as the format lists them. Source: ggml-org/llama.cpp gguf-py/gguf/{constants,vocab}.py.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="source">Its files.</param>
internal sealed class GgufVocabulary(ITokenizer tokenizer, TokenizerSource source)
{
    private const string SentencePieceFile = "tokenizer.model";

    // The score of a token that no two tokens merge into, below all others.
    private const float NoScore = -1e9f;

    // Types of tokens are numbered as SentencePiece does.
    private const int Normal = (int)PieceType.Normal;

    private readonly JsonPlace? _json = source.TryReadJson(TokenizerJsonFile.FileName);

    private readonly HashSet<string> _added = source.TryReadJson(TokenizerJsonFile.FileName)?.Find("added_tokens") is { } added
        ? [.. added.Items().Select(t => t.Get("content").Text())]
        : [];

    /// <summary>Adds the tokens, how texts are cut into them, and those that have a meaning.</summary>
    /// <param name="metadata">What receives them.</param>
    /// <param name="rows">Rows of the model's table of embeddings; those without a token get one that no text has.</param>
    /// <param name="beginning">The token that begins a text, where the tokenizer names none.</param>
    /// <param name="ending">The token that ends a text, where the tokenizer names none.</param>
    /// <exception cref="InvalidInputException">The programs that read the format would cut texts differently.</exception>
    public void Describe(GgufMetadata metadata, int rows, int? beginning, int? ending)
    {
        if (tokenizer.VocabularySize > rows)
        {
            throw new InvalidInputException(
                $"'{source.Name}': the tokenizer has {tokenizer.VocabularySize} tokens; at most {rows} were expected, as many as the model "
                    + "has embeddings.");
        }

        string[] texts = [.. Enumerable.Range(0, rows).Select(id => tokenizer.Piece(id) ?? $"[PAD{id}]")];
        int[] types =
            [.. Enumerable.Range(0, rows).Select(id => tokenizer.Piece(id) is { } text ? TypeOf(id, text) : (int)PieceType.Unused)];
        byte[]? pieces = source.TryRead(SentencePieceFile);
        if (pieces is not null && !TiktokenFile.IsRecognised(pieces))
        {
            DescribePieces(metadata, new SentencePieceModel(pieces, source.PathOf(SentencePieceFile)), texts, types);
        }
        else if (_json?.Get("model") is { } model && model.Flag("byte_fallback", false))
        {
            DescribeMarked(metadata, model, texts, types);
        }
        else
        {
            DescribeBytes(metadata, texts, types);
        }

        AddToken(metadata, "bos", tokenizer.BosId ?? beginning);
        AddToken(metadata, "eos", tokenizer.EosId ?? ending);
        metadata.Add("tokenizer.ggml.add_bos_token", tokenizer.BosId is not null);
        metadata.Add("tokenizer.ggml.add_eos_token", tokenizer.Encode(string.Empty) is [.., var last] && last == tokenizer.EosId
            && last != tokenizer.BosId);
    }

    private static void AddToken(GgufMetadata metadata, string name, int? id)
    {
        if (id is { } token)
        {
            metadata.Add($"tokenizer.ggml.{name}_token_id", token);
        }
    }

    private static void Add(GgufMetadata metadata, string model, string cuts, string[] texts, int[] types)
    {
        metadata.Add("tokenizer.ggml.model", model);
        metadata.Add("tokenizer.ggml.pre", cuts);
        metadata.Add("tokenizer.ggml.tokens", texts);
        metadata.Add("tokenizer.ggml.token_type", types);
    }

    // SentencePiece's own file has scores and types.
    private static void DescribePieces(GgufMetadata metadata, SentencePieceModel model, string[] texts, int[] types)
    {
        float[] scores = [.. texts.Select(_ => NoScore)];
        for (int id = 0; id < Math.Min(model.Pieces.Count, texts.Length); id++)
        {
            var piece = model.Pieces[id];
            (texts[id], scores[id]) = (piece.Text, piece.Score);
            types[id] = types[id] == Normal ? (int)piece.Type : types[id];
        }

        Add(metadata, "llama", "default", texts, types);
        metadata.Add("tokenizer.ggml.scores", scores);
        metadata.Add("tokenizer.ggml.add_space_prefix", model.AddDummyPrefix);
    }

    // The same as tokenizer.json has it: a token's score is the rank of the merge that makes it.
    private static void DescribeMarked(GgufMetadata metadata, JsonPlace model, string[] texts, int[] types)
    {
        var scores = new Dictionary<string, float>(StringComparer.Ordinal);
        int rank = 0;
        foreach (var (left, right) in Merges(model))
        {
            scores.TryAdd(left + right, -rank++);
        }

        for (int id = 0; id < texts.Length; id++)
        {
            if (types[id] == Normal && texts[id].Length == 6 && texts[id].StartsWith("<0x", StringComparison.Ordinal))
            {
                types[id] = (int)PieceType.Byte;
            }
        }

        Add(metadata, "llama", "default", texts, types);
        metadata.Add("tokenizer.ggml.scores", [.. texts.Select(t => scores.GetValueOrDefault(t, NoScore))]);
    }

    private void DescribeBytes(GgufMetadata metadata, string[] texts, int[] types)
    {
        IEnumerable<(string Left, string Right)> merges = _json?.Get("model") is { } model ? Merges(model)
            : source.Has(VocabMergesFiles.MergesFile) ? VocabMergesFiles.Merges(source)
            : throw new InvalidInputException(
                $"'{source.Name}' has no {TokenizerJsonFile.FileName} or {VocabMergesFiles.MergesFile}; one of them was expected for "
                    + "GGUF.");
        Add(metadata, "gpt2", Cuts(), texts, types);
        metadata.Add("tokenizer.ggml.merges", [.. merges.Select(m => $"{m.Left} {m.Right}")]);
    }

    private static IEnumerable<(string Left, string Right)> Merges(JsonPlace model) => model.Get("merges").Items().Select(
        rule => rule.IsArray ? (rule.Items()[0].Text(), rule.Items()[1].Text()) : MergeRules.Parse(rule.Text(), rule.Error));

    // What readers of the format call the pattern by which texts are cut into words.
    private string Cuts()
    {
        if (_json?.Find("pre_tokenizer") is not { } cutter)
        {
            return "gpt-2";
        }

        string[] patterns = [.. Steps(cutter).Select(PatternOf).OfType<string>()];
        return patterns switch
        {
            [WordSplitter.Gpt2Pattern] => "gpt-2",
            [WordSplitter.Llama3Pattern] => "llama-bpe",
            [WordSplitter.Qwen2Pattern] => "qwen2",
            _ => throw cutter.Error("GGUF has no name for how this cuts texts; the patterns of GPT-2, Llama 3 or Qwen2 were expected"),
        };
    }

    private static IEnumerable<JsonPlace> Steps(JsonPlace cutter) =>
        cutter.Get("type").Text() == "Sequence" ? cutter.Get("pretokenizers").Items().SelectMany(Steps) : [cutter];

    // The step that spells bytes cuts by GPT-2's pattern, unless another step has cut before.
    private static string? PatternOf(JsonPlace step) => step.Get("type").Text() switch
    {
        "ByteLevel" when !step.Flag("add_prefix_space", true) => step.Flag("use_regex", true) ? WordSplitter.Gpt2Pattern : null,
        "Split" when step.Get("pattern").Find("Regex") is { } regex => regex.Text(),
        _ => string.Empty,
    };

    private int TypeOf(int id, string text) => IsMarkup(id, text) ? (int)PieceType.Control
        : _added.Contains(text) ? (int)PieceType.UserDefined
        : Normal;

    private bool IsMarkup(int id, string text) =>
        tokenizer.CountSpecialTokens(text) == 1 && tokenizer.EncodeMarkup(text) is [var only] && only == id;
}
