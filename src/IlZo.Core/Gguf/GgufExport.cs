using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Models.Gemma;
using IlZo.Models.Llama;
using IlZo.Models.Phi3;
using IlZo.Tokenization;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Gguf;

/// <summary>
/// Writes a model as one GGUF file, with its tokenizer and chat template, for llama.cpp, Ollama and other programs that read the format:
/// Llama, Mistral, Qwen2, Qwen3, Gemma, Gemma 2, Phi-3 and GPT-2.
/// </summary>
public static class GgufExport
{
    // What general.file_type calls a file by most of its matrices.
    private static readonly Dictionary<GgufType, int> s_fileTypes = new()
    {
        [GgufType.F32] = 0,
        [GgufType.F16] = 1,
        [GgufType.Q8_0] = 7,
    };

    private static readonly Dictionary<string, GgufArchitecture> s_architectures = new(StringComparer.Ordinal)
    {
        ["LlamaForCausalLM"] = new LlamaGguf("llama", LlamaVariant.Llama, "llama3", Interleaves: true),
        ["MistralForCausalLM"] = new LlamaGguf("llama", LlamaVariant.Mistral, "llama3", Interleaves: true),
        ["Qwen2ForCausalLM"] = new LlamaGguf("qwen2", LlamaVariant.Qwen2),
        ["Qwen3ForCausalLM"] = new LlamaGguf("qwen3", LlamaVariant.Qwen3),
        ["GemmaForCausalLM"] = new GemmaGguf("gemma", GemmaConfig.First),
        ["Gemma2ForCausalLM"] = new GemmaGguf("gemma2", GemmaConfig.Second),
        ["Phi3ForCausalLM"] = new Phi3Gguf(),
        ["GPT2LMHeadModel"] = new Gpt2Gguf(),
    };

    /// <summary>Writes a model, as a whole or not at all.</summary>
    /// <param name="model">A causal language model; the effect of an adapter is merged into its weights first.</param>
    /// <param name="path">The file to create or to replace.</param>
    /// <param name="matrices">
    /// The type of matrices; vectors and tables of positions are always in fp32. Matrices whose rows are no multiple of 32 are in fp16
    /// where the others are in blocks.
    /// </param>
    /// <param name="cancellation">Ends the work between two tensors; the file is as it was.</param>
    /// <exception cref="InvalidInputException">
    /// The format has no form for the architecture, for a field of its configuration or for how its tokenizer cuts texts; a number is
    /// outside the range of the type; or the adapter is none that weights can stand for.
    /// </exception>
    /// <exception cref="IOException">Writing failed; the file is as it was.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static void Save(
        LanguageModel model, string path, GgufType matrices = GgufType.F16, CancellationToken cancellation = default) =>
        Save(model, path, matrices, ChatTemplateFile.Find(model.Checkpoint.ReadFile, model.Checkpoint.DisplayName), cancellation);

    /// <summary>The same with a chat template in the place of the model's own.</summary>
    internal static void Save(LanguageModel model, string path, GgufType matrices, ChatTemplate? template, CancellationToken cancellation)
    {
        var architecture = s_architectures.GetValueOrDefault(model.Shape.Architecture) ?? throw new InvalidInputException(
            $"'{model.Checkpoint.DisplayName}' is a {model.Shape.Architecture}, which the programs that read GGUF do not compute; one of "
                + $"these was expected: {string.Join(", ", s_architectures.Keys)}.");
        model.Adapter?.Merge();
        using var held = model.Parameters.Read();
        var metadata = General(model, architecture.Name, matrices);
        var tensors = architecture.Describe(new GgufSource(model, architecture.Prefix), metadata);
        AddTexts(metadata, model, template);
        AtomicFile.Write(path, stream => GgufWriter.Write(stream, metadata, tensors, matrices, cancellation));
    }

    private static GgufMetadata General(LanguageModel model, string architecture, GgufType matrices)
    {
        var metadata = new GgufMetadata();
        metadata.Add("general.architecture", architecture);
        metadata.Add("general.type", "model");
        metadata.Add("general.name", Path.GetFileName(Path.TrimEndingDirectorySeparator(model.Checkpoint.DisplayName)));
        metadata.Add("general.file_type", s_fileTypes[matrices]);
        if (matrices == GgufType.Q8_0)
        {
            metadata.Add("general.quantization_version", 2);
        }

        return metadata;
    }

    private static void AddTexts(GgufMetadata metadata, LanguageModel model, ChatTemplate? template)
    {
        var checkpoint = model.Checkpoint;
        var files = new TokenizerSource(
            name => checkpoint.ReadFile(name) is { } content ? new MemoryStream(content) : null, checkpoint.DisplayName);
        int? ending = model.Shape.EosIds is [var first, ..] ? first : null;
        new GgufVocabulary(ModelLoader.Tokenizer(checkpoint), files).Describe(
            metadata, model.Shape.Vocabulary, model.Shape.BosId, ending);
        if (template is not null)
        {
            metadata.Add("tokenizer.chat_template", template.Text);
        }
    }
}
