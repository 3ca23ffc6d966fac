using IlZo.Checkpoints;

namespace IlZo.Models;

/// <summary>
/// <c>generation_config.json</c>: what the model's makers say of writing texts, as <c>generate</c> of transformers uses it. Where it says
/// nothing of the tokens that begin and end texts, the model's configuration does. Source: huggingface/transformers
/// generation/configuration_utils.py.
/// </summary>
public sealed record GenerationConfig
{
    /// <summary>The file's name.</summary>
    internal const string FileName = "generation_config.json";

    // transformers' own defaults.
    private const int DefaultTopK = 50;

    // What decides nothing here: where the file comes from, and what shapes other results than a text.
    private static readonly string[] s_irrelevant =
    [
        "_from_model_config", "transformers_version", "use_cache", "cache_implementation", "return_dict_in_generate", "output_attentions",
        "output_hidden_states", "output_scores",
        "output_logits", "num_return_sequences", "pad_token_id", "trust_remote_code", "_name_or_path",
    ];

    /// <summary>The token that begins a text; null where the file does not say.</summary>
    public int? BosId { get; private init; }

    /// <summary>The tokens that end a text; null where the file does not say.</summary>
    public IReadOnlyList<int>? EosIds { get; private init; }

    /// <summary>Whether tokens are drawn; else the most probable ones are taken.</summary>
    public bool Samples { get; private init; }

    /// <summary>What logits are divided by where tokens are drawn.</summary>
    public double Temperature { get; private init; } = 1;

    /// <summary>The most probable tokens that are drawn among; 0 for all.</summary>
    public int TopK { get; private init; } = DefaultTopK;

    /// <summary>The probability that the tokens that are drawn among make up together at least.</summary>
    public double TopP { get; private init; } = 1;

    /// <summary>What the logits of tokens that are in the text already are divided by (multiplied, where they are negative).</summary>
    public double RepetitionPenalty { get; private init; } = 1;

    /// <summary>The most tokens to add; null where the file does not say.</summary>
    public int? MaxNewTokens { get; private init; }

    /// <summary>
    /// The longest text, with its prompt; null where the file does not say, and of no account where it says <see cref="MaxNewTokens"/>.
    /// </summary>
    public int? MaxLength { get; private init; }

    /// <summary>The fields with a value that are not used.</summary>
    public IReadOnlyList<string> Unused { get; private init; } = [];

    /// <summary>The fields that are used.</summary>
    internal IReadOnlyList<string> Used { get; private init; } = [];

    /// <summary>The fields that decide nothing here.</summary>
    internal static IReadOnlyList<string> Irrelevant => s_irrelevant;

    /// <summary>Reads the file of a checkpoint; null where there is none.</summary>
    /// <exception cref="InvalidInputException">It is no JSON object, or a field has a value that it cannot have.</exception>
    internal static GenerationConfig? Read(CheckpointFolder folder)
    {
        string path = Path.Combine(folder.DisplayName, FileName);
        return folder.ReadFile(FileName) is { } content ? Parse(path, content) : null;
    }

    /// <summary>Reads a file's content.</summary>
    internal static GenerationConfig Parse(string path, byte[] content)
    {
        using var json = JsonFile.ParseObject(path, content);
        var reader = new ConfigReader($"'{path}'", json.RootElement);
        var ids = reader.Tokens("eos_token_id", null);
        return new GenerationConfig
        {
            BosId = reader.Token("bos_token_id", null),
            EosIds = ids.Count > 0 ? ids : null,
            Samples = reader.Flag("do_sample", false),
            Temperature = reader.NumberOrZero("temperature", 1),
            TopK = reader.Count("top_k", DefaultTopK),
            TopP = reader.Number("top_p", 1) is var topP && topP <= 1
                ? topP
                : throw new InvalidInputException($"'{path}': top_p is {topP}; a number above 0, up to 1, was expected."),
            RepetitionPenalty = reader.Number("repetition_penalty", 1),
            MaxNewTokens = reader.Has("max_new_tokens") ? reader.Size("max_new_tokens", 1, int.MaxValue).Value : null,
            MaxLength = reader.Has("max_length") ? reader.Size("max_length", 1, int.MaxValue).Value : null,
            Unused = [.. reader.Unread.Except(s_irrelevant)],
            Used = [.. reader.Asked],
        };
    }
}
