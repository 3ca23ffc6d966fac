using System.Text.Json;
using System.Text.Json.Serialization;
using IlZo.Adapters;
using IlZo.Backends;

namespace IlZo.Training;

/// <summary>That another engine than before computed the steps of a run from one of them on.</summary>
/// <param name="AfterStep">The last step before.</param>
/// <param name="Engine">The engine's name.</param>
/// <param name="Precision">Its precision.</param>
public sealed record EngineChange(long AfterStep, string Engine, string Precision);

/// <summary>What a run's config.json holds: the options as they were resolved, and what they were applied to.</summary>
/// <param name="Options">The options, with absolute paths, nothing left to defaults but threads, and the engine that computed the first steps.</param>
/// <param name="BaseWeightsSha256">The weights the run starts from.</param>
/// <param name="ExamplesSha256">The token ids of all its examples.</param>
public sealed record RunConfiguration(TrainingOptions Options, string BaseWeightsSha256, string ExamplesSha256)
{
    // What may differ when a run is continued: paths (their content is hashed), threads, the device, and more steps unless the rates depend on them.
    private static readonly string[] s_free = ["model", "data", "task", "chat_template", "threads", "device"];

    /// <summary>Where other engines continued the run, which is possible on another kind of device; in rising order of steps.</summary>
    public IReadOnlyList<EngineChange> Continued { get; init; } = [];

    /// <summary>The engine that computed the first steps.</summary>
    public Engine Engine => new(Options.Engine, Options.Precision);

    /// <summary>The engine that computed steps on a kind of device, or null where none did: what continues the run there must be the same.</summary>
    public Engine? EngineOn(DeviceKind kind) => Engines.FirstOrDefault(e => e.Kind == kind);

    private IEnumerable<Engine> Engines => [Engine, .. Continued.Select(c => new Engine(c.Engine, c.Precision))];

    public static RunConfiguration Parse(string path, byte[] json)
    {
        try
        {
            var file = JsonSerializer.Deserialize(json, RunConfigurationJson.Default.RunConfigurationFile);
            if (file is not { Options: { } options, BaseWeightsSha256: { } weights, ExamplesSha256: { } examples })
            {
                throw new InvalidInputException($"'{path}' is not the configuration of a run; options and two hashes were expected.");
            }

            return file.Continued is null || file.Continued.All(c => c is { Engine: not null, Precision: not null })
                ? new RunConfiguration(options, weights, examples) { Continued = file.Continued ?? [] }
                : throw new InvalidInputException($"'{path}', 'continued': an entry lacks names; after_step, engine and precision were expected.");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"'{path}', line {e.LineNumber + 1}: the configuration of a run was expected ({e.Path}).", e);
        }
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new RunConfigurationFile
        {
            Options = Options,
            BaseWeightsSha256 = BaseWeightsSha256,
            ExamplesSha256 = ExamplesSha256,
            Continued = Continued.Count > 0 ? Continued : null,
        },
        RunConfigurationJson.Default.RunConfigurationFile);

    /// <summary>This configuration with the engines that an earlier one has: the log stays bound to what it was begun with.</summary>
    internal RunConfiguration BegunAs(RunConfiguration saved) => this with { Options = Options.With(saved.Engine), Continued = saved.Continued };

    /// <summary>The configuration once an engine computes the steps that follow.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="steps">Steps in the log. A change at its end, or beyond what a crash left of it, has come to nothing.</param>
    internal RunConfiguration ContinuedBy(Engine engine, long steps)
    {
        var effective = this with { Continued = [.. Continued.Where(c => c.AfterStep < steps)] };
        return effective.Engines.Last() == engine
            ? effective
            : effective with { Continued = [.. effective.Continued, new EngineChange(steps, engine.Name, engine.Precision)] };
    }

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

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<EngineChange>? Continued { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RunConfigurationFile))]
[JsonSerializable(typeof(TrainingOptions))]
internal sealed partial class RunConfigurationJson : JsonSerializerContext;
