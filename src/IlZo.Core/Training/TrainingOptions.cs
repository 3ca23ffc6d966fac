using System.Text.Json;
using System.Text.Json.Serialization;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Training;

/// <summary>Everything that decides a training run. The defaults are the preset of the built-in model.</summary>
public sealed record TrainingOptions
{
    /// <summary>A checkpoint folder, or <see cref="ModelLoader.BuiltIn"/>.</summary>
    public string Model { get; init; } = ModelLoader.BuiltIn;

    /// <summary>The name of a built-in task, or a file that defines one.</summary>
    public string Task { get; init; } = "sst2-sentiment";

    /// <summary>The folder of train.jsonl and validation.jsonl; null for the task's built-in sample.</summary>
    public string? Data { get; init; }

    public string Optimizer { get; init; } = "mezo";

    public int Steps { get; init; } = 1500;

    public int BatchSize { get; init; } = 16;

    [JsonPropertyName("lr")]
    public double LearningRate { get; init; } = 5e-5;

    [JsonPropertyName("eps")]
    public double Epsilon { get; init; } = 1e-3;

    public double WeightDecay { get; init; }

    /// <summary>Directions a step.</summary>
    public int Queries { get; init; } = 1;

    /// <summary>Decides the sampling of examples, their order and all noise.</summary>
    public uint Seed { get; init; }

    public int TrainSize { get; init; } = 1000;

    /// <summary>Examples that decide which checkpoint is kept; null for the task's own number.</summary>
    public int? DevSize { get; init; }

    public int TestSize { get; init; } = 1000;

    /// <summary>Steps between evaluations on the dev examples.</summary>
    public int EvalEvery { get; init; } = 250;

    /// <summary>The longest prompt with its answer, in tokens; null for what the model can take.</summary>
    public int? MaxLength { get; init; }

    /// <summary>The type weights are kept in: auto (as stored), fp32, bf16 or fp16.</summary>
    [JsonPropertyName("dtype")]
    public string DType { get; init; } = "auto";

    /// <summary>Threads; null for all processors. It changes no result.</summary>
    public int? Threads { get; init; }

    /// <summary>The weight type that <see cref="DType"/> names, or null for the stored one.</summary>
    public static DType? ParseDType(string name) => name switch
    {
        "auto" => null,
        "fp32" => Tensors.DType.F32,
        "bf16" => Tensors.DType.BF16,
        "fp16" => Tensors.DType.F16,
        _ => throw new InvalidInputException($"The dtype is '{name}'; auto, fp32, bf16 or fp16 was expected."),
    };

    /// <exception cref="InvalidInputException">A number is outside its range.</exception>
    public void Validate()
    {
        Require(Steps >= 0, "steps", Steps, "0 or more");
        Require(BatchSize >= 1, "batch-size", BatchSize, "1 or more");
        Require(LearningRate >= 0 && double.IsFinite(LearningRate), "lr", LearningRate, "0 or a positive number");
        Require(Epsilon > 0 && double.IsFinite(Epsilon), "eps", Epsilon, "a positive number");
        Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), "weight-decay", WeightDecay, "0 or a positive number");
        Require(Queries is >= 1 and <= 1024, "queries", Queries, "1 to 1024");
        Require(TrainSize >= 1, "train-size", TrainSize, "1 or more");
        Require(DevSize is null or >= 0, "dev-size", DevSize ?? 0, "0 or more");
        Require(TestSize >= 0, "test-size", TestSize, "0 or more");
        Require(EvalEvery >= 1, "eval-every", EvalEvery, "1 or more");
        Require(MaxLength is null or >= 2, "max-length", MaxLength ?? 0, "2 or more");
        Require(Threads is null or (>= 1 and <= 1024), "threads", Threads ?? 0, "1 to 1024");
        ParseDType(DType);
    }

    private static void Require(bool condition, string name, double value, string expectation)
    {
        if (!condition)
        {
            throw new InvalidInputException($"--{name} is {value}; {expectation} was expected.");
        }
    }
}

/// <summary>What a run's config.json holds: the options as they were resolved, and what they were applied to.</summary>
/// <param name="Options">The options, with absolute paths and nothing left to defaults but threads.</param>
/// <param name="BaseWeightsSha256">The weights the run starts from.</param>
/// <param name="ExamplesSha256">The token ids of all its examples.</param>
public sealed record RunConfiguration(TrainingOptions Options, string BaseWeightsSha256, string ExamplesSha256)
{
    // What may differ when a run is continued: paths (their content is hashed), threads, and more steps.
    private static readonly string[] s_free = ["model", "data", "task", "threads", "steps"];

    public static RunConfiguration Parse(string path, byte[] json)
    {
        try
        {
            var file = JsonSerializer.Deserialize(json, RunConfigurationJson.Default.RunConfigurationFile);
            return file is { Options: { } options, BaseWeightsSha256: { } weights, ExamplesSha256: { } examples }
                ? new RunConfiguration(options, weights, examples)
                : throw new InvalidInputException($"'{path}' is not the configuration of a run; options and two hashes were expected.");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"'{path}', line {e.LineNumber + 1}: the configuration of a run was expected ({e.Path}).", e);
        }
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new RunConfigurationFile { Options = Options, BaseWeightsSha256 = BaseWeightsSha256, ExamplesSha256 = ExamplesSha256 },
        RunConfigurationJson.Default.RunConfigurationFile);

    /// <summary>The parts that a continuation must share, as name and value.</summary>
    public IReadOnlyList<(string Name, string Value)> Identity()
    {
        var options = JsonSerializer.SerializeToElement(Options, RunConfigurationJson.Default.TrainingOptions);
        return
        [
            .. options.EnumerateObject().Where(p => !s_free.Contains(p.Name)).Select(p => (p.Name, p.Value.GetRawText())),
            ("base_weights_sha256", BaseWeightsSha256),
            ("examples_sha256", ExamplesSha256),
        ];
    }
}

internal sealed record RunConfigurationFile
{
    public TrainingOptions? Options { get; init; }

    public string? BaseWeightsSha256 { get; init; }

    public string? ExamplesSha256 { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RunConfigurationFile))]
[JsonSerializable(typeof(TrainingOptions))]
internal sealed partial class RunConfigurationJson : JsonSerializerContext;
