using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Checkpoints;
using IlZo.Files;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Tokenization;

namespace IlZo.Gguf;

/// <summary>
/// Makes a checkpoint in the Hugging Face layout of a GGUF file: its weights, in the blocks that they are in or widened, its tokenizer and
/// its chat template. Llama, Mistral, Qwen2, Qwen3, Gemma, Gemma 2, Phi-3 and GPT-2.
/// </summary>
internal static class GgufImport
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    private static readonly GgufImportArchitecture[] s_architectures =
    [
        new LlamaImport("llama", "LlamaForCausalLM", "llama") { Interleaves = true },
        new LlamaImport("qwen2", "Qwen2ForCausalLM", "qwen2"),
        new LlamaImport("qwen3", "Qwen3ForCausalLM", "qwen3"),
        new GemmaImport("gemma", "GemmaForCausalLM", "gemma"),
        new GemmaImport("gemma2", "Gemma2ForCausalLM", "gemma2"),
        new Phi3Import(),
        new Gpt2Import(),
    ];

    /// <summary>Writes the checkpoint, as a whole or not at all.</summary>
    /// <param name="path">The GGUF file.</param>
    /// <param name="folder">The folder to create, which must not exist.</param>
    /// <param name="type">
    /// The type of the weights; null for what most of them are stored in, where blocks stay as they are.
    /// </param>
    /// <param name="tokenizer">A folder whose tokenizer is taken in place of the file's; null for the file's.</param>
    /// <param name="cancellation">Ends the work between two tensors; the folder is as it was.</param>
    /// <returns>What <see cref="ImportedModel.Save"/> notes.</returns>
    /// <exception cref="InvalidInputException">The file cannot be used, or a number is outside the range of the type.</exception>
    /// <exception cref="IOException">Writing failed; the folder is as it was.</exception>
    public static string? Save(string path, string folder, DType? type, string? tokenizer, CancellationToken cancellation)
    {
        using var file = GgufModelFile.Open(path);
        var (config, tensors) = Describe(file);
        var usual = type ?? UsualType(file);
        config["torch_dtype"] = Plain(usual).TorchName();
        var files = tokenizer is null ? ImportedTokenizer.Files(file.Fields) : TokenizerOf(tokenizer);
        void Write(string temporary)
        {
            AtomicFile.WriteAllText(Path.Combine(temporary, CheckpointFolder.ConfigFileName), config.ToJsonString(s_indented) + "\n");
            foreach (var (fileName, content) in files)
            {
                AtomicFile.WriteAllBytes(Path.Combine(temporary, fileName), content);
            }

            (ImportedTensor, DType)[] typed = [.. tensors.Select(t => (t, type ?? Kept(t, usual)))];
            WriteWeights(file, typed, Path.Combine(temporary, CheckpointFolder.SingleFileName), cancellation);
            file.RequireUnchanged();
        }

        return ImportedModel.Save(path, folder, Write, Origins(file, tensors), cancellation);
    }

    /// <summary>The configuration and the tensors of the model in a file.</summary>
    /// <exception cref="InvalidInputException">The file has no model that is known.</exception>
    internal static (JsonObject Config, IReadOnlyList<ImportedTensor> Tensors) Describe(GgufModelFile file)
    {
        var architecture = ArchitectureOf(file);
        var config = architecture.Config(file);
        foreach (string token in (string[])["bos", "eos"])
        {
            string key = $"tokenizer.ggml.{token}_token_id";
            if (file.Fields.Has(key))
            {
                config[$"{token}_token_id"] = file.Fields.FindToken(key, (int)config["vocab_size"]!);
            }
        }

        return (config, architecture.Tensors(file));
    }

    private static GgufImportArchitecture ArchitectureOf(GgufModelFile file)
    {
        string name = file.Fields.Text("general.architecture");
        return Array.Find(s_architectures, a => a.Name == name) ?? throw file.Fields.Error(
            "general.architecture", $"'{name}'", $"one of {string.Join(", ", s_architectures.Select(a => a.Name))}");
    }

    // What the file calls fields of the configuration, and tensors.
    private static Dictionary<string, string> Origins(GgufModelFile file, IReadOnlyList<ImportedTensor> tensors)
    {
        var origins = tensors.ToDictionary(t => t.Name, t => t.Stored.Name, StringComparer.Ordinal);
        foreach (var (field, key) in ArchitectureOf(file).Keys.Where(k => file.Fields.Has(k.Value)))
        {
            origins.Add(field, key);
        }

        return origins;
    }

    private static Dictionary<string, byte[]> TokenizerOf(string folder)
    {
        var files = CheckpointSaver.CopiedFiles.Where(name => File.Exists(Path.Combine(folder, name)))
            .ToDictionary(name => name, name => PlainFile.ReadAllBytes(Path.Combine(folder, name)), StringComparer.Ordinal);
        TokenizerLoader.Load(name => files.GetValueOrDefault(name) is { } content ? new MemoryStream(content) : null, folder);
        return files;
    }

    // The type of the most bytes.
    private static DType UsualType(GgufModelFile file) =>
        file.Tensors.Values.GroupBy(t => t.Type).MaxBy(g => g.Sum(t => (long)t.Rows * t.RowBytes))?.Key ?? DType.F16;

    // What cannot stay in blocks is in fp16.
    private static DType Plain(DType type) => type.IsBlocked() ? DType.F16 : type;

    // In a file of blocks everything stays as it is, its norms in fp32 too.
    private static DType Kept(ImportedTensor tensor, DType usual) => tensor.Stored.Type.IsBlocked()
        ? tensor.HasStoredRows ? tensor.Stored.Type : Plain(usual)
        : usual.IsBlocked() ? tensor.Stored.Type : usual;

    private static unsafe void WriteWeights(
        GgufModelFile file, IReadOnlyList<(ImportedTensor Tensor, DType Type)> tensors, string path, CancellationToken cancellation)
    {
        var byName = tensors.ToDictionary(t => t.Tensor.Name, StringComparer.Ordinal);
        SafetensorsWriter.Write(
            path,
            [.. tensors.Select(t => new TensorEntry("", t.Tensor.Name, StoredType.Name(t.Type), t.Tensor.Shape, null))],
            new Dictionary<string, string> { ["format"] = "pt" },
            (entry, stream) =>
            {
                cancellation.ThrowIfCancellationRequested();
                var (tensor, type) = byName[entry.Name];
                if (type.IsBlocked())
                {
                    tensor.Copy(file, stream);
                }
                else
                {
                    tensor.Read(file, row => stream.Write(Narrowed(row, type, file, entry.Name)));
                }
            });
    }

    private static unsafe byte[] Narrowed(float[] row, DType type, GgufModelFile file, string name)
    {
        byte[] bytes = new byte[row.Length * type.Size()];
        fixed (byte* to = bytes)
        {
            WeightLoader.Narrow(row, type, to);
        }

        for (int i = 0; type == DType.F16 && i < row.Length; i++)
        {
            if (!Half.IsFinite(BitConverter.ToHalf(bytes, i * sizeof(ushort))) && float.IsFinite(row[i]))
            {
                throw new InvalidInputException(
                    $"{file.Path}: tensor '{name}' has {row[i]:R}, which overflows fp16; smaller numbers or another {Setting.DType} were "
                        + "expected.");
            }
        }

        return bytes;
    }
}
