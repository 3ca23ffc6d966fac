using System.Text;
using System.Text.Json;

namespace IlZo.Training;

/// <summary>
/// What identifies a run: everything that changes its result, as names and values. A field at its first default, the value that it had
/// before there was such a field, is left out, so that later fields change nothing about earlier runs. The first defaults are frozen: they
/// stay as they are when a default changes.
/// </summary>
internal static class RunIdentity
{
    // Paths and what decides about tokens alone (their content is hashed), what only decides where or how far a run goes, and how it is
    // shown.
    private static readonly string[] s_free =
        [
            "model", "data", "task", "chat_template", "threads", "device", "patience", "stop_on_divergence", "overcommit",
            "split_special_tokens", "samples",
        ];

    // The first defaults of the fields that there are today, frozen. Those without one are always part of the identity. A later field has
    // its first default as long as its default does not change; then it gets a line.
    private static readonly Dictionary<string, string?> s_frozen = new()
    {
        ["optimizer"] = "\"mezo\"",
        ["steps"] = null,
        ["batch_size"] = null,
        ["lr"] = null,
        ["eps"] = null,
        ["weight_decay"] = "0",
        ["queries"] = null,
        ["sides"] = null,
        ["directions"] = null,
        ["clip"] = "null",
        ["schedule"] = "\"constant\"",
        ["warmup"] = "0",
        ["opt"] = "\"\"",
        ["train_only"] = "null",
        ["freeze"] = "null",
        ["adapter"] = "null",
        ["rank"] = "8",
        ["alpha"] = "16",
        ["targets"] = "null",
        ["prefix_tokens"] = "5",
        ["prefix_positions"] = "\"kept\"",
        ["seed"] = "0",
        ["data_seed"] = null,
        ["objective"] = "\"loss\"",
        ["train_size"] = "null",
        ["shots"] = "null",
        ["dev_size"] = "null",
        ["test_size"] = "null",
        ["eval_every"] = null,
        ["max_length"] = "null",
        ["train_on_prompt"] = "false",
        ["skip_bad_rows"] = "false",
        ["dtype"] = "\"auto\"",
        ["engine"] = null,
        ["precision"] = null,

        // Runs from before there was such a field went on.
        ["stop_on_divergence"] = "0",

        // Runs from before there was such a field took special tokens in texts for letters.
        ["split_special_tokens"] = "true",
    };

    /// <summary>What each field is where it is not given: its first default, or else its default.</summary>
    public static IReadOnlyDictionary<string, string> Absent { get; } = Fields(new TrainingOptions())
        .ToDictionary(f => f.Name, f => s_frozen.GetValueOrDefault(f.Name) ?? f.Value.GetRawText());

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
        var options = configuration.BegunOptions;
        foreach (var field in Fields(options))
        {
            if (IsPart(field.Name, options) && !IsFirstDefault(field.Name, field.Value.GetRawText()))
            {
                identity[field.Name] = Value(field, options);
            }
        }

        return identity;
    }

    /// <summary>What a field that is not part of an identity stands for, for messages.</summary>
    public static string FirstDefault(string name) => Absent.GetValueOrDefault(name, "its default");

    private static IEnumerable<JsonProperty> Fields(TrainingOptions options) =>
        JsonSerializer.SerializeToElement(options, RunConfigurationJson.Default.TrainingOptions).EnumerateObject();

    // The last step decides the rates of some schedules.
    private static bool IsPart(string name, TrainingOptions options) =>
        name == "steps" ? LearningRateSchedule.DependsOnSteps(options.Schedule) : !s_free.Contains(name);

    private static bool IsFirstDefault(string name, string value) =>
        s_frozen.TryGetValue(name, out string? first) ? value == first : value == Absent[name];

    // The tensors of an adapter that is read from a folder are part of the base weights.
    private static string Value(JsonProperty field, TrainingOptions options) =>
        field.Name == "adapter" && options.AdapterFolder is not null ? "any" : field.Value.GetRawText();
}
