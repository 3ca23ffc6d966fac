using IlZo.Tokenization;

namespace IlZo.Gguf;

/// <summary>The tokens of a model as the format lists them. Source: ggml-org/llama.cpp gguf-py/gguf/{constants,vocab}.py.</summary>
internal sealed class GgufVocabulary
{
    // The score of a token that no two tokens merge into, below all others.
    private const float NoScore = -1e9f;

    // What stands for a space in the tokens of SentencePiece.
    private const char Space = '\u2581';

    // Types of tokens are numbered as SentencePiece does.
    private const int Normal = (int)PieceType.Normal;

    private readonly ITokenizer _tokenizer;
    private readonly TokenizerSource _source;
    private readonly JsonPlace? _json;
    private readonly HashSet<string> _added;

    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="source">Its files.</param>
    public GgufVocabulary(ITokenizer tokenizer, TokenizerSource source)
    {
        (_tokenizer, _source) = (tokenizer, source);
        _json = source.TryReadJson(TokenizerJsonFile.FileName);
        _added = _json?.Find("added_tokens") is { } added ? [.. added.Items().Select(t => t.Get("content").Text())] : [];
    }

    /// <summary>Adds the tokens, how texts are cut into them, and those that have a meaning.</summary>
    /// <param name="metadata">What receives them.</param>
    /// <param name="rows">Rows of the model's table of embeddings; those without a token get one that no text has.</param>
    /// <param name="beginning">The token that begins a text, where the tokenizer names none.</param>
    /// <param name="ending">The token that ends a text, where the tokenizer names none.</param>
    /// <exception cref="InvalidInputException">The programs that read the format would cut texts differently.</exception>
    public void Describe(GgufMetadata metadata, int rows, int? beginning, int? ending)
    {
        if (_tokenizer.VocabularySize > rows)
        {
            throw new InvalidInputException(
                $"'{_source.Name}': the tokenizer has {_tokenizer.VocabularySize} tokens; at most {rows} were expected, as many as "
                    + "the model has embeddings.");
        }

        string[] texts = [.. Enumerable.Range(0, rows).Select(id => _tokenizer.Piece(id) ?? $"[PAD{id}]")];
        int[] types =
            [.. Enumerable.Range(0, rows).Select(id => _tokenizer.Piece(id) is { } text ? TypeOf(id, text) : (int)PieceType.Unused)];
        byte[]? pieces = _source.TryRead(TokenizerLoader.SentencePieceFile);
        if (pieces is not null && !TiktokenFile.IsRecognised(pieces))
        {
            DescribePieces(metadata, new SentencePieceModel(pieces, _source.PathOf(TokenizerLoader.SentencePieceFile)), texts, types);
        }
        else if (_json?.Get("model") is { } model && model.Flag("byte_fallback", false))
        {
            DescribeMarked(metadata, model, texts, types);
        }
        else
        {
            DescribeBytes(metadata, texts, types);
        }

        AddToken(metadata, "bos", _tokenizer.BosId ?? beginning);
        AddToken(metadata, "eos", _tokenizer.EosId ?? ending);
        metadata.Add("tokenizer.ggml.add_bos_token", _tokenizer.BosId is not null);
        metadata.Add("tokenizer.ggml.add_eos_token", _tokenizer.Encode(string.Empty) is [.., var last] && last == _tokenizer.EosId
            && last != _tokenizer.BosId);
    }

    // Whether a space goes in front of a text, which shows in its first token.
    private bool AddsSpace() => _tokenizer.Encode("a", addSpecialTokens: false) is [var first, ..]
        && _tokenizer.Piece(first)?.StartsWith(Space) == true;

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

    // SentencePiece's own file has scores and types, of those of its pieces that the tokenizer has taken over.
    private void DescribePieces(GgufMetadata metadata, SentencePieceModel model, string[] texts, int[] types)
    {
        float[] scores = [.. texts.Select(_ => NoScore)];
        for (int id = 0; id < Math.Min(model.Pieces.Count, texts.Length); id++)
        {
            var piece = model.Pieces[id];
            if (piece.Text == texts[id])
            {
                scores[id] = piece.Score;
                types[id] = types[id] == Normal ? (int)piece.Type : types[id];
            }
        }

        AddScored(metadata, texts, types, scores);
    }

    // The same as tokenizer.json has it: a token's score is the rank of the merge that makes it.
    private void DescribeMarked(GgufMetadata metadata, JsonPlace model, string[] texts, int[] types)
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

        AddScored(metadata, texts, types, [.. texts.Select(t => scores.GetValueOrDefault(t, NoScore))]);
    }

    private void AddScored(GgufMetadata metadata, string[] texts, int[] types, float[] scores)
    {
        Add(metadata, "llama", "default", texts, types);
        metadata.Add("tokenizer.ggml.scores", scores);
        metadata.Add("tokenizer.ggml.add_space_prefix", AddsSpace());
    }

    private void DescribeBytes(GgufMetadata metadata, string[] texts, int[] types)
    {
        IEnumerable<(string Left, string Right)> merges = _json?.Get("model") is { } model ? Merges(model)
            : _source.Has(VocabMergesFiles.MergesFile) ? VocabMergesFiles.Merges(_source)
            : throw new InvalidInputException(
                $"'{_source.Name}' has no {TokenizerJsonFile.FileName} or {VocabMergesFiles.MergesFile}; one of them was expected for "
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
        _tokenizer.CountSpecialTokens(text) == 1 && _tokenizer.EncodeMarkup(text) is [var only] && only == id;
}
