using IlZo.Models;

namespace IlZo.Generation;

/// <summary>
/// How a text is to be continued. What is null is as <c>generate</c> of transformers has it: as the model's <c>generation_config.json</c>
/// says, and else the most probable tokens, <see cref="DefaultNewTokens"/> of them.
/// </summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens to add where neither the options nor the model say.</summary>
    public const int DefaultNewTokens = 128;

    /// <summary>The most tokens to add, 0 or more.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>
    /// What logits are divided by; 0 always takes the most probable token. Where it is given, the model's own way of drawing tokens has no
    /// part.
    /// </summary>
    public double? Temperature { get; init; }

    /// <summary>The probability that the tokens to choose among make up together at least, above 0, up to 1.</summary>
    public double? TopP { get; init; }

    /// <summary>How many of the most probable tokens are chosen among at most; 0 for all.</summary>
    public int? TopK { get; init; }

    /// <summary>
    /// What the logits of tokens that are in the text already are divided by (multiplied, where they are negative); above 0.
    /// </summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>Decides the choices.</summary>
    public ulong Seed { get; init; }

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
