using System.CommandLine;
using IlZo.Generation;
using IlZo.Models;

namespace IlZo.Cli;

/// <summary>The options that say how texts are written; verbs that write them share them.</summary>
/// <param name="newTokens">How many tokens are generated where neither the options nor the model say.</param>
internal sealed class SamplingFlags(int newTokens)
{
    private readonly Option<int?> _maxNewTokens = Flags.Number<int>(
        "--max-new-tokens", "N",
        $"Maximum number of tokens to generate (default: from generation_config.json, otherwise {newTokens}).");
    private readonly Option<string[]> _stop = new("--stop")
    {
        Description = "End the text where TEXT comes up, and leave it out; may be repeated.",
        HelpName = Flags.AnyText,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<double?> _temperature = Flags.Number<double>(
        "--temperature", "X", "Divisor of the logits; 0 always takes the most probable token (default: from the model's "
            + "generation_config.json, otherwise 0).");
    private readonly Option<int?> _topK = Flags.Number<int>(
        "--top-k", "N", "Sample from this many of the most probable tokens; 0 (default) for all.");
    private readonly Option<double?> _topP = Flags.Number<double>(
        "--top-p", "X", "Sample from the smallest set of most probable tokens with this total probability (default: 1, all).");
    private readonly Option<double?> _repetitionPenalty = Flags.Number<double>(
        "--repetition-penalty", "X",
        "Divisor for the logits of tokens that already occur in the text (default: from generation_config.json, otherwise 1).");
    private readonly Option<ulong?> _seed = Flags.Number<ulong>("--seed", "N", "Seed for sampling (default: 0).");

    /// <summary>The options in the order in which help lists them.</summary>
    public IReadOnlyList<Option> All => [_maxNewTokens, _stop, _temperature, _topK, _topP, _repetitionPenalty, _seed];

    /// <summary>What a command line says.</summary>
    /// <exception cref="InvalidInputException">A number is outside its range, or a string to stop at is empty.</exception>
    public GenerationOptions Read(ParseResult parsed)
    {
        var options = new GenerationOptions
        {
            MaxNewTokens = parsed.GetValue(_maxNewTokens),
            Temperature = parsed.GetValue(_temperature),
            TopP = parsed.GetValue(_topP),
            TopK = parsed.GetValue(_topK),
            RepetitionPenalty = parsed.GetValue(_repetitionPenalty),
            Seed = parsed.GetValue(_seed) ?? 0,
            StopStrings = parsed.GetValue(_stop) ?? [],
        };
        options.Sampling(null);
        StopStrings.Validate(options.StopStrings);
        return options.MaxNewTokens is < 0
            ? throw new InvalidInputException($"--max-new-tokens is {options.MaxNewTokens}; 0 or more was expected.")
            : options;
    }

    /// <summary>How a model's tokens are chosen.</summary>
    /// <exception cref="InvalidInputException">Something was said of random choices, and there are none.</exception>
    public static SamplingOptions Of(GenerationOptions options, LanguageModel model)
    {
        var sampling = options.Sampling(model.Generation);
        if (sampling.Temperature == 0 && (options.TopP is not null || options.TopK is not null))
        {
            string given = options.TopP is null ? "--top-k" : "--top-p";
            throw new InvalidInputException(
                $"{given} is given and nothing is chosen at random at temperature 0; a --temperature above 0 was expected.");
        }

        return sampling;
    }
}
