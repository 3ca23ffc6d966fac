using System.Text.Json;
using System.Text.Json.Serialization;
using IlZo.Adapters;

namespace IlZo.Training;

/// <summary>What a run's config.json holds: the options as they were resolved, and what they were applied to.</summary>
/// <param name="Options">The options, with absolute paths and nothing left to defaults but threads.</param>
/// <param name="BaseWeightsSha256">The weights the run starts from.</param>
/// <param name="ExamplesSha256">The token ids of all its examples.</param>
public sealed record RunConfiguration(TrainingOptions Options, string BaseWeightsSha256, string ExamplesSha256)
{
    // What may differ when a run is continued: paths (their content is hashed), threads, the device, and more steps unless the rates depend on them.
    private static readonly string[] s_free = ["model", "data", "task", "chat_template", "threads", "device"];

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
        bool IsFree(string name) => name switch
        {
            "steps" => !LearningRateSchedule.DependsOnSteps(Options.Schedule),
            "adapter" => Options.Adapter is not (null or AdapterOptions.Lora or AdapterOptions.Prefix),
            _ => false,
        };
        return
        [
            .. options.EnumerateObject().Where(p => !s_free.Contains(p.Name))
                .Select(p => (p.Name, IsFree(p.Name) ? "any" : p.Value.GetRawText())),
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
