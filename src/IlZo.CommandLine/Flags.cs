using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using IlZo.Backends;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>The options that several verbs have, and numbers that are read the same on every machine.</summary>
internal static class Flags
{
    public static Option<string> Model() => new("--model")
    {
        Description = "A model folder in the Hugging Face layout, a run (its result), or builtin (default).",
        HelpName = "DIR|builtin",
        DefaultValueFactory = _ => Models.ModelLoader.BuiltIn,
    };

    public static Option<string?> Adapter() => Text("--adapter", "DIR", "A folder with an adapter in PEFT's format to add to the model.");

    public static Option<string> DType() => new("--dtype")
    {
        Description = "Type in which weights are kept: auto (as stored, default), fp32, bf16 or fp16.",
        HelpName = "TYPE",
        DefaultValueFactory = _ => "auto",
    };

    /// <summary>The flag that sets an option of the library.</summary>
    /// <param name="property">What the library calls it.</param>
    public static string Of(string property) => "--" + property switch
    {
        nameof(TrainingOptions.LearningRate) => "lr",
        nameof(TrainingOptions.Epsilon) => "eps",
        nameof(TrainingOptions.DType) => "dtype",
        nameof(ComparisonOptions.LearningRates) => "lrs",
        nameof(SweepOptions.Axes) => "vary",
        nameof(GenerationOptions.StopStrings) => "stop",
        _ => JsonNamingPolicy.KebabCaseLower.ConvertName(property),
    };

    /// <summary>The name in help of a value that may be any text, the empty one too.</summary>
    public const string AnyText = "TEXT";

    /// <summary>What <c>--threads</c> is for.</summary>
    public const string AboutThreads = "CPU threads (default: all processors); results do not depend on them.";

    /// <summary>What <c>--split-special-tokens</c> is for.</summary>
    public const string AboutSplitSpecialTokens =
        "Treat special tokens written in texts, such as <|im_end|>, as ordinary letters (default: as the tokens they are, as in "
            + "transformers and mlx-lm; always so in conversations).";

    /// <summary>What <c>--columns</c> is for.</summary>
    public const string AboutColumns = "Map columns of your own rows to the expected ones, as in prompt=Question,completion=Answer.";

    /// <summary>What <c>--engine</c> is for.</summary>
    public const string AboutEngine =
        "Engine for matrix products: auto (default), managed (C# only) or amx on the CPU, cuda on a GPU; see 'ilzo devices'.";

    public static Option<int?> Threads() => Number<int>("--threads", "N", AboutThreads);

    public static Option<string> Engine() => new("--engine")
    {
        Description = AboutEngine,
        HelpName = "ENGINE",
        DefaultValueFactory = _ => EngineRequest.Auto,
    };

    public static Option<string> Precision() => new("--precision")
    {
        Description = "Precision of matrix products: auto (the engine's own, default), fp32, bf16x3 (nearly as accurate), fp16 (on a GPU) "
            + "or bf16 (for evaluation and generation).",
        HelpName = "PRECISION",
        DefaultValueFactory = _ => EngineRequest.Auto,
    };

    public static Option<bool> AllowShortLog() => new("--allow-short-log")
    {
        Description = "Continue from a log that has fewer steps than the run had.",
    };

    public static Option<bool> Json(string description = "Print one JSON object.") => new("--json") { Description = description };

    /// <summary>An option with text for a value.</summary>
    public static Option<string?> Text(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
    };

    /// <summary>An option without a value; "true" where it is given, else null.</summary>
    public static Option<string?> Switch(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.Zero,
        CustomParser = _ => "true",
    };

    /// <summary><c>--opt</c>, once or several times; its value has commas between them.</summary>
    public static Option<string?> MethodOptions() => new("--opt")
    {
        Description = "An option of the method; may be repeated.",
        HelpName = "NAME=VALUE",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result => string.Join(',', result.Tokens.Select(t => t.Value)),
    };

    /// <summary>An option with a number for a value; null where it is not given.</summary>
    public static Option<T?> Number<T>(string name, string helpName, string description)
        where T : struct, INumber<T>, IMinMaxValue<T> => new(name)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result => Parse<T>(result, name),
        };

    /// <summary>The words of a list with commas between them.</summary>
    public static string[] Words(string list) => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public static Option<string?> Device() =>
        Text("--device", "auto|cpu|cuda:N", "Where to run: auto (default: the first GPU, otherwise the CPU), cpu, or cuda:0, ...");

    public static Option<string?> BenchDevice() => Text(
        "--device", "cpu|cuda:N",
        "What to measure: cpu (default), auto (the first GPU, otherwise the CPU), cuda:0, ..., or simulation (ILGPU's, for tests).");

    /// <summary>A number that must be 1 or more.</summary>
    public static int AtLeastOne(string name, int value) =>
        value >= 1 ? value : throw new InvalidInputException($"{name} is {value}; 1 or more was expected.");

    /// <summary>What <c>--dtype</c> means.</summary>
    public static Tensors.DType? ParseDType(string? name) => Tensors.DTypeWords.Instance.Parse(name ?? "auto");

    /// <summary>What was expected in the place of a text that is no number of this type.</summary>
    public static string Expected<T>(string text)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        // Any whole number that someone may have meant to type.
        bool whole = Int128.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value);
        return typeof(T) == typeof(double) ? "a number"
            : !whole ? "a whole number"
            : value < 0 ? $"a whole number of at least {T.MinValue}"
            : $"a whole number of at most {T.MaxValue}";
    }

    private static T? Parse<T>(ArgumentResult result, string name)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        string text = result.Tokens[^1].Value;
        if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            return value;
        }

        result.AddError($"{name} is '{text}'; {Expected<T>(text)} was expected.");
        return null;
    }
}
