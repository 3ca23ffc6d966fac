using System.CommandLine;
using System.Text;
using System.Text.Json;
using IlZo.Backends;
using IlZo.Files;
using IlZo.Optimizers;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>Reads the file of <c>--config</c>: a JSON object of settings, or the config.json of a run.</summary>
internal static class TrainingConfigFile
{
    // What a run's config.json holds.
    private const string OptionsField = "options";
    private const string ContinuedField = "continued";
    private static readonly string[] s_besideOptions =
        ["format", "begun_in_format", "arithmetic", "base_weights_sha256", "examples_sha256", ContinuedField];

    /// <summary>The settings in a file and the texts of their values. A null stands for a setting that is not there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">The device that is named elsewhere; null for the file's own.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or holds something else.</exception>
    public static IReadOnlyDictionary<TrainingSetting, string> Read(string path, string? device)
    {
        using var document = Parse(path);
        try
        {
            var root = document.RootElement;
            var values = Settings(path, root);
            if (root.TryGetProperty(OptionsField, out var options))
            {
                AddFirstDefaults(path, options, values);
                ChooseEngine(path, root, values, Device.KindOf(device ?? values.GetValueOrDefault(TrainingSetting.Named("device"))));
            }

            return values;
        }
        catch (InvalidOperationException)
        {
            // How a document reports a string that is not Unicode text when it is asked for it.
            throw Error(path, "a string holds half of a surrogate pair; Unicode text was expected");
        }
    }

    /// <summary>What a file says for all runs of a comparison or a sweep; what those decide is left out, with a note.</summary>
    /// <param name="path">The file.</param>
    /// <param name="parsed">The command line, which may name the device.</param>
    /// <param name="own">The names of the settings that are decided for each run, by the method that the file names, if any.</param>
    /// <param name="study">What they are runs of.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or holds something else.</exception>
    public static Dictionary<TrainingSetting, string> ReadShared(
        string path, ParseResult parsed, Func<string?, string[]> own, string study)
    {
        var read = Read(path, parsed.GetValue(TrainingSetting.Named("device").Flag));
        string[] left = own(read.GetValueOrDefault(TrainingSetting.Named("optimizer")));
        string[] found = [.. read.Keys.Select(s => s.Name).Where(left.Contains)];
        if (found.Length > 0)
        {
            Terminal.Say($"note: {string.Join(", ", found)} of '{path}' have no part in {study}, which decides them for each run.");
        }

        return read.Where(v => !left.Contains(v.Key.Name)).ToDictionary();
    }

    private static Dictionary<TrainingSetting, string> Settings(string path, JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty(OptionsField, out var options))
        {
            string[] others = [.. root.EnumerateObject().Select(p => p.Name).Where(n => n != OptionsField && !s_besideOptions.Contains(n))];
            if (others.Length > 0)
            {
                throw Error(
                    path, $"'{others[0]}' appears next to 'options'; only a run's two hashes and what continued it were expected there");
            }

            root = options;
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Error(
                path, $"found a JSON {root.ValueKind.ToString().ToLowerInvariant()}; an object with the names of flags was expected");
        }

        var values = new Dictionary<TrainingSetting, string>();
        foreach (var property in root.EnumerateObject())
        {
            var setting = TrainingSetting.All.FirstOrDefault(s => s.Name == property.Name.Replace('_', '-'))
                ?? throw Error(
                    path,
                    $"'{property.Name}' is not a setting; "
                        + $"one of {string.Join(", ", TrainingSetting.All.Select(s => s.Name))} was expected");
            if (property.Value.ValueKind != JsonValueKind.Null && !values.TryAdd(setting, ValueOf(path, setting, property)))
            {
                throw Error(path, $"'{setting.Name}' appears twice; one value was expected");
            }
        }

        return values;
    }

    // What the record of a run does not say is what it was when there was nothing to say.
    private static void AddFirstDefaults(string path, JsonElement options, Dictionary<TrainingSetting, string> values)
    {
        foreach (var (name, json) in RunIdentity.Absent.Where(field => !options.TryGetProperty(field.Key, out _)))
        {
            using var field = JsonDocument.Parse($"{{\"{name}\":{json}}}");
            foreach (var (setting, value) in Settings(path, field.RootElement))
            {
                values[setting] = value;
            }
        }

        var opt = TrainingSetting.Named("opt");
        string method = values.GetValueOrDefault(TrainingSetting.Named("optimizer"), new TrainingOptions().Optimizer);
        values[opt] = OptimizerCatalog.Recorded(method, values.GetValueOrDefault(opt, ""));
    }

    // A run keeps its engine on the same kind of device. On another kind it says nothing, unless the run was continued there before.
    private static void ChooseEngine(string path, JsonElement run, Dictionary<TrainingSetting, string> values, DeviceKind kind)
    {
        var (name, precision) = (TrainingSetting.Named("engine"), TrainingSetting.Named("precision"));
        if (run.TryGetProperty(ContinuedField, out _) && RunConfiguration.Parse(path, Encoding.UTF8.GetBytes(run.GetRawText()))
            .EngineOn(kind) is { } own)
        {
            (values[name], values[precision]) = (own.Name, own.Precision);
        }
        else if (values.GetValueOrDefault(name) is { } begun and not EngineRequest.Auto && Engine.KindOf(begun) != kind)
        {
            values.Remove(name);
            values.Remove(precision);
        }
    }

    private static JsonDocument Parse(string path)
    {
        byte[] bytes;
        try
        {
            bytes = PlainFile.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InvalidInputException(
                $"'{path}' cannot be read ({e.Message.TrimEnd('.')}); a JSON file of settings was expected.", e);
        }

        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException e)
        {
            throw Error(path, $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} is not valid JSON; an object with the names of "
                + "flags was expected");
        }
    }

    private static string ValueOf(string path, TrainingSetting setting, JsonProperty property)
    {
        var kind = property.Value.ValueKind;
        var (fits, expected) = setting.Kind switch
        {
            SettingKind.Number => (kind == JsonValueKind.Number, "a number"),
            SettingKind.Switch => (kind is JsonValueKind.True or JsonValueKind.False, "true or false"),
            _ => (kind == JsonValueKind.String, "text"),
        };
        if (!fits)
        {
            string raw = property.Value.GetRawText();
            string shown = raw.Length <= 40 ? raw : raw[..37] + "...";
            throw Error(path, $"'{property.Name}' is {shown}; {expected} was expected");
        }

        return setting.Kind == SettingKind.Text ? property.Value.GetString()! : property.Value.GetRawText();
    }

    private static InvalidInputException Error(string path, string problem) => new($"'{path}': {problem}.");
}
