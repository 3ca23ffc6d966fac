using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using IlZo.Backends;
using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>What computed the steps of a run from one of them on.</summary>
/// <param name="AfterStep">The last step before.</param>
/// <param name="Engine">The engine's name.</param>
/// <param name="Precision">Its precision.</param>
/// <param name="Arithmetic">The version of its arithmetic (<see cref="Backends.Engine.Arithmetic"/>).</param>
public sealed record EngineChange(long AfterStep, string Engine, string Precision, string Arithmetic = RunConfiguration.FirstArithmetic);

/// <summary>What a run's config.json holds: the options as they were resolved, and what they were applied to.</summary>
/// <param name="Options">The options, with absolute paths, nothing left to defaults but threads, and the engine that computed the first
/// steps.</param>
/// <param name="BaseWeightsSha256">The weights the run starts from.</param>
/// <param name="ExamplesSha256">The token ids of all its examples.</param>
public sealed record RunConfiguration(TrainingOptions Options, string BaseWeightsSha256, string ExamplesSha256)
{
    /// <summary>The format of runs that are written; earlier ones are read.</summary>
    internal const int CurrentFormat = 2;

    internal const string FirstArithmetic = "1";

    private const string FormatField = "format";
    private const string OptionsField = "options";

    /// <summary>The format that the run was written in.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>
    /// The format that the run was begun in, which decides what its updates do: weight decay spared other tensors in format 1.
    /// </summary>
    public int BegunInFormat { get; init; } = CurrentFormat;

    /// <summary>The version of the arithmetic that computed the first steps.</summary>
    public string Arithmetic { get; init; } = FirstArithmetic;

    /// <summary>
    /// Where others continued the run: engines of another kind of device, or another version of the arithmetic; in rising order of steps.
    /// </summary>
    public IReadOnlyList<EngineChange> Continued { get; init; } = [];

    /// <summary>
    /// The method's own options in the words that the run was begun with, to which its log is bound: <see cref="Options"/> also say those
    /// that had another default then (<see cref="OptimizerMethod.ChangedDefaults"/>). Null where the words are the same.
    /// </summary>
    internal string? BegunOpt { get; init; }

    /// <summary>The options in the words that the run was begun with.</summary>
    internal TrainingOptions BegunOptions => BegunOpt is null ? Options : Options with { Opt = BegunOpt };

    /// <summary>The engine that computed the first steps.</summary>
    public Engine Engine => new(Options.Engine, Options.Precision);

    /// <summary>Everything that computed steps, in their order.</summary>
    public IReadOnlyList<EngineChange> Computed => [new EngineChange(0, Options.Engine, Options.Precision, Arithmetic), .. Continued];

    /// <summary>
    /// The engine that computed steps on a kind of device, or null where none did: what continues the run there must be the same.
    /// </summary>
    internal Engine? EngineOn(DeviceKind kind) =>
        Computed.Select(c => new Engine(c.Engine, c.Precision)).FirstOrDefault(e => e.Kind == kind);

    internal static RunConfiguration Parse(string path, byte[] json)
    {
        var root = Object(path, json);
        int format = FormatOf(path, root);
        try
        {
            if (root[OptionsField] is JsonObject fields)
            {
                foreach (var (name, value) in RunIdentity.Absent.Where(f => !fields.ContainsKey(f.Key)))
                {
                    fields[name] = JsonNode.Parse(value);
                }
            }

            var file = root.Deserialize(RunConfigurationJson.Default.RunConfigurationFile);
            if (file is not { Options: { } options, BaseWeightsSha256: { } weights, ExamplesSha256: { } examples })
            {
                throw new InvalidInputException($"'{path}' is not the configuration of a run; options and two hashes were expected.");
            }

            bool whole = file.Continued is null || file.Continued.All(
                c => c is { Engine: not null, Precision: not null, Arithmetic: not null });
            if (!whole)
            {
                throw new InvalidInputException(
                    $"'{path}', 'continued': an entry lacks names; after_step, engine and precision were expected.");
            }

            // A number that is too large is infinite here, which only writing refuses.
            JsonSerializer.SerializeToUtf8Bytes(options, RunConfigurationJson.Default.TrainingOptions);
            string opt = OptimizerCatalog.Recorded(options.Optimizer, options.Opt);
            return new RunConfiguration(options with { Opt = opt }, weights, examples)
            {
                BegunOpt = opt == options.Opt ? null : options.Opt,
                Format = format,
                BegunInFormat = Math.Min(format, file.BegunInFormat ?? format),
                Arithmetic = file.Arithmetic ?? FirstArithmetic,
                Continued = file.Continued ?? [],
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidInputException(
                $"'{path}': the configuration of a run was expected ({(e as JsonException)?.Path ?? e.Message}).", e);
        }
    }

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new RunConfigurationFile
        {
            Format = CurrentFormat,
            BegunInFormat = BegunInFormat < CurrentFormat ? BegunInFormat : null,
            Options = BegunOptions,
            Arithmetic = Arithmetic,
            BaseWeightsSha256 = BaseWeightsSha256,
            ExamplesSha256 = ExamplesSha256,
            Continued = Continued.Count > 0 ? Continued : null,
        },
        RunConfigurationJson.Default.RunConfigurationFile);

    /// <summary>
    /// This configuration with what an earlier one was begun with: the log stays bound to that. There are never fewer steps than before.
    /// </summary>
    internal RunConfiguration BegunAs(RunConfiguration saved) => this with
    {
        Options = Options.With(saved.Engine),
        Arithmetic = saved.Arithmetic,
        BegunInFormat = saved.BegunInFormat,
        BegunOpt = saved.BegunOpt,
        Continued = saved.Continued,
    };

    /// <summary>The configuration once an engine computes the steps that follow.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="steps">Steps in the log. A change at its end, or beyond what a crash left of it, has come to nothing.</param>
    internal RunConfiguration ContinuedBy(Engine engine, long steps)
    {
        var effective = this with { Continued = [.. Continued.Where(c => c.AfterStep < steps)] };
        var next = new EngineChange(steps, engine.Name, engine.Precision, engine.Arithmetic);
        return effective.Computed[^1] with { AfterStep = steps } == next
            ? effective
            : effective with { Continued = [.. effective.Continued, next] };
    }

    private static JsonObject Object(string path, byte[] json)
    {
        if (!Utf8.IsValid(json))
        {
            throw new InvalidInputException($"'{path}' is not UTF-8 text; the configuration of a run was expected.");
        }

        try
        {
            return JsonNode.Parse(json) as JsonObject
                ?? throw new InvalidInputException($"'{path}' is not the configuration of a run; options and two hashes were expected.");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"'{path}', line {e.LineNumber + 1}: the configuration of a run was expected, in JSON.", e);
        }
    }

    // Asked before anything else is read, which a later version may have changed.
    private static int FormatOf(string path, JsonObject root)
    {
        try
        {
            return root[FormatField] switch
            {
                null => 1,
                JsonValue field when field.TryGetValue(out int format) && format is >= 1 and <= CurrentFormat => format,
                var other => throw new InvalidInputException(
                    $"'{path}' is of a run in format {other.ToJsonString()}; format {CurrentFormat} or an earlier one was expected, which "
                        + "this version of ilzo reads."),
            };
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // Names are read when the first of them is asked for.
            throw new InvalidInputException($"'{path}': the configuration of a run was expected ({e.Message}).", e);
        }
    }
}

internal sealed record RunConfigurationFile
{
    public int? Format { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? BegunInFormat { get; init; }

    public TrainingOptions? Options { get; init; }

    public string? Arithmetic { get; init; }

    public string? BaseWeightsSha256 { get; init; }

    public string? ExamplesSha256 { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<EngineChange>? Continued { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RunConfigurationFile))]
[JsonSerializable(typeof(TrainingOptions))]
internal sealed partial class RunConfigurationJson : JsonSerializerContext;
