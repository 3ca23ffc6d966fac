using System.Text.Encodings.Web;
using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Files;
using IlZo.Models;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Adapters;

/// <summary>
/// Writes adapters as PEFT's save_pretrained does, with the fields that every version since 0.9 knows, in the order of their names.
/// Source: huggingface/peft src/peft/config.py, src/peft/utils/save_and_load.py, src/peft/utils/other.py.
/// </summary>
internal static class PeftWriter
{
    private static readonly string[] s_files = [PeftFolder.ConfigFileName, PeftFolder.WeightsFileName, ChatTemplateFile.FileName];

    private static readonly JsonWriterOptions s_indented = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes LoRA factors.</summary>
    public static void WriteLora(
        string folder,
        LanguageModel model,
        LoraAdapter adapter,
        bool rankStabilized,
        IReadOnlyList<TensorEntry> tensors,
        IReadOnlyDictionary<string, byte[]>? extraFiles) =>
        Write(folder, tensors, [], extraFiles, new SortedDictionary<string, Action<Utf8JsonWriter>>(Common(model, "LORA"), StringComparer.Ordinal)
        {
            ["alpha_pattern"] = EmptyObject,
            ["bias"] = json => json.WriteStringValue("none"),
            ["fan_in_fan_out"] = json => json.WriteBooleanValue(adapter.IsTransposed),
            ["init_lora_weights"] = json => json.WriteBooleanValue(true),
            ["layers_pattern"] = Null,
            ["layers_to_transform"] = Null,
            ["lora_alpha"] = json => json.WriteNumberValue(adapter.Alpha),
            ["lora_dropout"] = json => json.WriteRawValue("0.0"),
            ["modules_to_save"] = Null,
            ["r"] = json => json.WriteNumberValue(adapter.Rank),
            ["rank_pattern"] = EmptyObject,
            ["target_modules"] = json => WriteTargets(json, adapter.Targets),
            ["use_rslora"] = json => json.WriteBooleanValue(rankStabilized),
        });

    /// <summary>Writes a prefix.</summary>
    public static void WritePrefix(
        string folder, LanguageModel model, int tokens, bool shiftsPositions, TensorEntry embeddings, IReadOnlyDictionary<string, byte[]>? extraFiles)
    {
        int heads = model.Shape.KeyValueHeads;
        Write(
            folder,
            [embeddings],
            shiftsPositions ? [] : new() { [PeftFolder.PositionsKey] = AdapterOptions.KeptPositions },
            extraFiles,
            new SortedDictionary<string, Action<Utf8JsonWriter>>(Common(model, "PREFIX_TUNING"), StringComparer.Ordinal)
            {
                ["encoder_hidden_size"] = json => json.WriteNumberValue(model.Shape.KeyFeatures),
                ["num_attention_heads"] = json => json.WriteNumberValue(heads),
                ["num_layers"] = json => json.WriteNumberValue(model.Shape.Layers),
                ["num_transformer_submodules"] = json => json.WriteNumberValue(1),
                ["num_virtual_tokens"] = json => json.WriteNumberValue(tokens),
                ["prefix_projection"] = json => json.WriteBooleanValue(false),
                ["token_dim"] = json => json.WriteNumberValue(model.Shape.KeyFeatures),
            });
    }

    /// <summary>Copies a saved adapter.</summary>
    /// <exception cref="InvalidInputException">The source is no adapter, or the target holds something else.</exception>
    public static void Copy(string source, string target)
    {
        PeftFolder.Open(source).Dispose();
        Replace(target, folder =>
        {
            foreach (string name in s_files.Where(name => File.Exists(Path.Combine(source, name))))
            {
                AtomicFile.WriteAllBytes(Path.Combine(folder, name), PlainFile.ReadAllBytes(Path.Combine(source, name)));
            }
        });
    }

    private static Dictionary<string, Action<Utf8JsonWriter>> Common(LanguageModel model, string type) => new()
    {
        ["auto_mapping"] = Null,
        ["base_model_name_or_path"] = json => json.WriteStringValue(model.Checkpoint.DisplayName),
        ["inference_mode"] = json => json.WriteBooleanValue(true),
        ["peft_type"] = json => json.WriteStringValue(type),
        ["revision"] = Null,
        ["task_type"] = json => json.WriteStringValue(model.Kind switch
        {
            ModelKind.Causal => "CAUSAL_LM",
            ModelKind.Masked => "FEATURE_EXTRACTION",
            _ => "SEQ_CLS",
        }),
    };

    private static void Write(
        string folder,
        IReadOnlyList<TensorEntry> tensors,
        Dictionary<string, string> metadata,
        IReadOnlyDictionary<string, byte[]>? extraFiles,
        SortedDictionary<string, Action<Utf8JsonWriter>> fields)
    {
        metadata["format"] = "pt";
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, s_indented))
        {
            json.WriteStartObject();
            foreach (var (name, write) in fields)
            {
                json.WritePropertyName(name);
                write(json);
            }

            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        Replace(folder, into =>
        {
            SafetensorsWriter.Write(Path.Combine(into, PeftFolder.WeightsFileName), tensors, metadata);
            AtomicFile.WriteAllBytes(Path.Combine(into, PeftFolder.ConfigFileName), stream.ToArray());
            foreach (var (name, content) in extraFiles ?? new Dictionary<string, byte[]>())
            {
                AtomicFile.WriteAllBytes(Path.Combine(into, name), content);
            }
        });
    }

    private static void Replace(string folder, Action<string> fill)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Path.GetFileName(target).Length == 0 || File.Exists(target))
        {
            throw new InvalidInputException($"'{folder}' cannot be saved to: a folder with a name of its own was expected, not a file or a root.");
        }

        FolderSwap.Replace(target, CheckReplaceable, fill);
    }

    private static void CheckReplaceable(string folder)
    {
        string? foreign = Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry))
            .Order(StringComparer.Ordinal).FirstOrDefault(name => !s_files.Contains(name));
        if (foreign is not null)
        {
            throw new InvalidInputException(
                $"'{folder}' holds '{foreign}', which would be lost; a new or empty folder or one with nothing but a saved adapter was expected.");
        }
    }

    private static void WriteTargets(Utf8JsonWriter json, TargetModules targets)
    {
        if (targets.Expression is { } expression)
        {
            json.WriteStringValue(expression);
            return;
        }

        json.WriteStartArray();
        foreach (string name in targets.Names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }

    private static void Null(Utf8JsonWriter json) => json.WriteNullValue();

    private static void EmptyObject(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteEndObject();
    }
}
