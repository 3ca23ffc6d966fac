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

    /// <summary>Writes an adapter.</summary>
    /// <param name="folder">The folder to create, or a saved adapter to replace.</param>
    /// <param name="model">The adapter's model.</param>
    /// <param name="type">What PEFT calls the kind of the adapter.</param>
    /// <param name="own">The fields of the configuration that this kind has beside those of all.</param>
    /// <param name="tensors">The weights.</param>
    /// <param name="metadata">What is said of them.</param>
    /// <param name="extraFiles">Further files for the folder, by name.</param>
    /// <param name="cancellation">Ends the work between two tensors; the folder is as it was.</param>
    /// <exception cref="InvalidInputException">The folder holds something else.</exception>
    public static void Write(
        string folder,
        LanguageModel model,
        string type,
        IReadOnlyDictionary<string, Action<Utf8JsonWriter>> own,
        IReadOnlyList<TensorEntry> tensors,
        Dictionary<string, string> metadata,
        IReadOnlyDictionary<string, byte[]>? extraFiles,
        CancellationToken cancellation)
    {
        metadata["format"] = "pt";
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, s_indented))
        {
            json.WriteStartObject();
            foreach (var (name, write) in Common(model, type).Concat(own).OrderBy(f => f.Key, StringComparer.Ordinal))
            {
                json.WritePropertyName(name);
                write(json);
            }

            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        Replace(folder, into =>
        {
            SafetensorsWriter.Write(Path.Combine(into, PeftFolder.WeightsFileName), tensors, metadata, cancellation);
            AtomicFile.WriteAllBytes(Path.Combine(into, PeftFolder.ConfigFileName), stream.ToArray());
            foreach (var (name, content) in extraFiles ?? new Dictionary<string, byte[]>())
            {
                AtomicFile.WriteAllBytes(Path.Combine(into, name), content);
            }
        });
    }

    /// <summary>A field that is null.</summary>
    public static void Null(Utf8JsonWriter json) => json.WriteNullValue();

    /// <summary>A field that is an object without fields.</summary>
    public static void EmptyObject(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteEndObject();
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

    private static void Replace(string folder, Action<string> fill)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Path.GetFileName(target).Length == 0 || File.Exists(target))
        {
            throw new InvalidInputException(
                $"'{folder}' cannot be saved to: a folder with a name of its own was expected, not a file or a root.");
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
                $"'{folder}' holds '{foreign}', which would be lost; a new or empty folder or one with nothing but a saved adapter was "
                    + "expected.");
        }
    }
}
