using IlZo.Models;

namespace IlZo.Generation;

/// <summary>
/// How to continue a text. What is null follows <c>generate</c> of transformers: the model's <c>generation_config.json</c> if it says,
/// otherwise the most probable tokens, <see cref="DefaultNewTokens"/> of them.
/// </summary>
public sealed record GenerationOptions
{
    /// <summary>The maximum number of new tokens if neither the options nor the model say.</summary>
    public const int DefaultNewTokens = 128;

    /// <summary>The maximum number of new tokens, 0 or more.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>
    /// The divisor of the logits; 0 always takes the most probable token. If set, the model's own sampling settings are ignored.
    /// </summary>
    public double? Temperature { get; init; }

    /// <summary>Sampling uses the smallest set of most probable tokens with at least this total probability; above 0, up to 1.</summary>
    public double? TopP { get; init; }

    /// <summary>Sampling uses at most this many of the most probable tokens; 0 for all.</summary>
    public int? TopK { get; init; }

    /// <summary>
    /// The divisor for the logits of tokens that already occur in the text (the factor, if they are negative); above 0.
    /// </summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>The seed for sampling.</summary>
    public ulong Seed { get; init; }

    /// <summary>Strings that end the text where one of them comes up, and are no part of it.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>How tokens are chosen.</summary>
    /// <param name="file">What the model's makers say; null where they say nothing.</param>
    /// <exception cref="InvalidInputException">A number is outside its range.</exception>
    internal SamplingOptions Sampling(GenerationConfig? file)
    {
        // Its penalty holds in any case, the rest of the file where it draws tokens.
        bool draws = file is { Samples: true } && Temperature is null;
        var sampling = new SamplingOptions(
            Temperature ?? (draws ? file!.Temperature : 0),
            TopP ?? (draws ? file!.TopP : 1),
            Seed,
            TopK ?? (draws ? file!.TopK : 0),
            RepetitionPenalty ?? file?.RepetitionPenalty ?? 1);
        sampling.Validate();
        return sampling;
    }

    /// <summary>The most tokens to add.</summary>
    /// <param name="file">What the model's makers say; null where they say nothing.</param>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    internal int NewTokens(GenerationConfig? file, int promptTokens) =>
        MaxNewTokens ?? file?.MaxNewTokens ?? (file?.MaxLength is { } length && length > promptTokens
            ? length - promptTokens
            : DefaultNewTokens);
}
