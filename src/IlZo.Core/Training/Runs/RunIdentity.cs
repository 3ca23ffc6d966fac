using System.Text;
using System.Text.Json;
using IlZo.Adapters;

namespace IlZo.Training;

/// <summary>
/// What identifies a run: everything that changes its result, as names and values. A field at its first default, the value that it had before
/// there was such a field, is left out, so that later fields change nothing about earlier runs. The first defaults are frozen: they stay as they
/// are when a default changes.
/// </summary>
internal static class RunIdentity
{
    // Paths (their content is hashed), what only decides where or how far a run goes, and how it is shown.
    private static readonly string[] s_free =
        ["model", "data", "task", "chat_template", "threads", "device", "patience", "stop_on_divergence", "overcommit"];

    // Of the fields whose first default is not null, false, 0 or empty. Those without one are always part of the identity.
    private static readonly Dictionary<string, string?> s_firstDefaults = new()
    {
        ["optimizer"] = "\"mezo\"",
        ["batch_size"] = null,
        ["lr"] = null,
        ["eps"] = null,
        ["queries"] = null,
        ["sides"] = null,
        ["directions"] = null,
        ["data_seed"] = null,
        ["steps"] = null,
        ["eval_every"] = null,
        ["schedule"] = "\"constant\"",
        ["rank"] = "8",
        ["alpha"] = "16",
        ["prefix_tokens"] = "5",
        ["prefix_positions"] = "\"kept\"",
        ["objective"] = "\"loss\"",
        ["dtype"] = "\"auto\"",
        ["engine"] = null,
        ["precision"] = null,
    };

    private static readonly string?[] s_empty = ["null", "false", "0", "\"\""];

    /// <summary>The SHA-256 that ties a trajectory to its configuration.</summary>
    public static byte[] Fingerprint(RunConfiguration configuration) =>
        Sha256.Hash(Encoding.UTF8.GetBytes(string.Join('\n', Of(configuration).Select(p => $"{p.Key}={p.Value}"))));

    /// <summary>The identity: names in ordinal order, with values as JSON has them.</summary>
    public static SortedDictionary<string, string> Of(RunConfiguration configuration)
    {
        var identity = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["base_weights_sha256"] = configuration.BaseWeightsSha256,
            ["examples_sha256"] = configuration.ExamplesSha256,
        };
        var options = configuration.Options;
        foreach (var field in JsonSerializer.SerializeToElement(options, RunConfigurationJson.Default.TrainingOptions).EnumerateObject())
        {
            if (IsPart(field.Name, options) && !IsFirstDefault(field.Name, field.Value.GetRawText()))
            {
                identity[field.Name] = Value(field, options);
            }
        }

        return identity;
    }

    /// <summary>What a field that is not part of an identity stands for, for messages.</summary>
    public static string FirstDefault(string name) => s_firstDefaults.GetValueOrDefault(name) ?? "its default";

    // The last step decides the rates of some schedules.
    private static bool IsPart(string name, TrainingOptions options) =>
        name == "steps" ? LearningRateSchedule.DependsOnSteps(options.Schedule) : !s_free.Contains(name);

    private static bool IsFirstDefault(string name, string value) =>
        s_firstDefaults.TryGetValue(name, out string? first) ? value == first : s_empty.Contains(value);

    // The tensors of an adapter that is read from a folder are part of the base weights.
    private static string Value(JsonProperty field, TrainingOptions options) =>
        field.Name == "adapter" && options.Adapter is not (AdapterOptions.Lora or AdapterOptions.Prefix) ? "any" : field.Value.GetRawText();
}
