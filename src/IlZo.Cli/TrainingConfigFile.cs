using System.Text.Json;

namespace IlZo.Cli;

/// <summary>Reads the file of <c>--config</c>: a JSON object of settings, or the config.json of a run.</summary>
internal static class TrainingConfigFile
{
    // What a run's config.json holds.
    private const string OptionsField = "options";
    private static readonly string[] s_hashFields = ["base_weights_sha256", "examples_sha256"];

    /// <summary>The settings in a file and the texts of their values. A null stands for a setting that is not there.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read, or holds something else.</exception>
    public static IReadOnlyDictionary<TrainingSetting, string> Read(string path)
    {
        using var document = Parse(path);
        try
        {
            return Settings(path, document.RootElement);
        }
        catch (InvalidOperationException)
        {
            // How a document reports a string that is not Unicode text when it is asked for it.
            throw Error(path, "a string holds half of a surrogate pair; Unicode text was expected");
        }
    }

    private static Dictionary<TrainingSetting, string> Settings(string path, JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty(OptionsField, out var options))
        {
            string[] others = [.. root.EnumerateObject().Select(p => p.Name).Where(n => n != OptionsField && !s_hashFields.Contains(n))];
            if (others.Length > 0)
            {
                throw Error(path, $"'{others[0]}' stands beside 'options'; only a run's two hashes were expected there");
            }

            root = options;
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Error(path, $"a JSON {root.ValueKind.ToString().ToLowerInvariant()} is there; an object with the names of flags was expected");
        }

        var values = new Dictionary<TrainingSetting, string>();
        foreach (var property in root.EnumerateObject())
        {
            var setting = TrainingSetting.All.FirstOrDefault(s => s.Name == property.Name.Replace('_', '-'))
                ?? throw Error(
                    path, $"'{property.Name}' is no setting; one of {string.Join(", ", TrainingSetting.All.Select(s => s.Name))} was expected");
            if (property.Value.ValueKind != JsonValueKind.Null && !values.TryAdd(setting, ValueOf(path, setting, property)))
            {
                throw Error(path, $"'{setting.Name}' is there twice; one value was expected");
            }
        }

        return values;
    }

    private static JsonDocument Parse(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InvalidInputException($"'{path}' cannot be read ({e.Message.TrimEnd('.')}); a JSON file of settings was expected.", e);
        }

        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException e)
        {
            throw Error(path, $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} is not valid JSON; an object with the names of flags was expected");
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
