using IlZo.Checkpoints;
using IlZo.Models.Bert;
using IlZo.Models.DistilBert;
using IlZo.Models.Gemma;
using IlZo.Models.Gpt2;
using IlZo.Models.Llama;
using IlZo.Models.Opt;
using IlZo.Models.Phi3;
using IlZo.Models.Roberta;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>The architectures that can be loaded. A new one is a folder beside the others and a line here.</summary>
internal static class ModelCatalog
{
    private static readonly Family[] s_families =
    [
        new("opt", "OPTForCausalLM", "OPT 125m to 66b, including the 350m variant", OptModel.Load),
        new("gpt2", "GPT2LMHeadModel", "GPT-2 up to XL, DistilGPT-2", Gpt2Model.Load),
        new("llama", "LlamaForCausalLM", "Llama and models like it: grouped-query attention, tied or not, scaled RoPE", Llama(
            LlamaVariant.Llama)),
        new("mistral", "MistralForCausalLM", "Mistral, including its sliding window", Llama(LlamaVariant.Mistral)),
        new("qwen2", "Qwen2ForCausalLM", "Qwen2 and Qwen2.5", Llama(LlamaVariant.Qwen2)),
        new("qwen3", "Qwen3ForCausalLM", "Qwen3 without experts", Llama(LlamaVariant.Qwen3)),
        new("gemma", "GemmaForCausalLM", "Gemma", Gemma(GemmaConfig.First)),
        new("gemma2", "Gemma2ForCausalLM", "Gemma 2, including its soft caps and sliding windows", Gemma(GemmaConfig.Second)),
        new(
            "phi3",
            "Phi3ForCausalLM",
            "Phi-3, Phi-3.5 and Phi-4 without experts or images; texts up to the original length, before LongRoPE",
            Phi3Model.Load),
        new(
            "roberta",
            "RobertaForMaskedLM",
            "RoBERTa up to large, a masked language model: classification with masked prompts, or with a head",
            RobertaModel.Load),
        new("bert", "BertForMaskedLM", "BERT and sentence encoders made of it, with masked prompts or with a head", BertModel.Load),
        new("distilbert", "DistilBertForMaskedLM", "DistilBERT, with masked prompts or with a head", DistilBertModel.Load),
    ];

    private delegate LanguageModel Loader(ConfigReader config, CheckpointFolder folder, WeightOptions options);

    /// <summary>model_type, class name and description of each.</summary>
    public static IReadOnlyList<(string ModelType, string Architecture, string Description)> Families { get; } =
        [.. s_families.Select(f => (f.ModelType, f.Architecture, f.Description))];

    /// <summary>Builds the model that a checkpoint folder describes.</summary>
    /// <param name="folder">The folder; from here on the model owns it.</param>
    /// <param name="type">The type to keep weights in, or null for the one they are stored in.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">The architecture, a field of the configuration or a tensor cannot be used.</exception>
    public static LanguageModel Load(CheckpointFolder folder, DType? type = null, CancellationToken cancellation = default) =>
        Load(folder, new WeightOptions(type, CheckValues: true, Cancellation: cancellation));

    /// <inheritdoc cref="Load(CheckpointFolder, DType?, CancellationToken)"/>
    /// <param name="folder">The folder; from here on the model owns it.</param>
    /// <param name="options">What to do with the weights.</param>
    public static LanguageModel Load(CheckpointFolder folder, WeightOptions options) => Build(folder, options);

    /// <summary>
    /// Checks names and shapes as <see cref="Load(CheckpointFolder, WeightOptions)"/> does, and reads no weights (but those that are stored
    /// unaligned): for looking at a model of any size.
    /// </summary>
    /// <inheritdoc cref="Load(CheckpointFolder, DType?, CancellationToken)"/>
    public static LanguageModel Inspect(CheckpointFolder folder) => Build(folder, new WeightOptions(null, CheckValues: false));

    private static Loader Llama(LlamaVariant variant) => (config, folder, options) => LlamaModel.Load(config, folder, options, variant);

    private static Loader Gemma(LlamaVariant variant) => (config, folder, options) => GemmaModel.Load(config, folder, options, variant);

    private static LanguageModel Build(CheckpointFolder folder, WeightOptions options)
    {
        var config = new ConfigReader($"'{Path.Combine(folder.DisplayName, CheckpointFolder.ConfigFileName)}'", folder.ConfigJson);
        string? name = config.Text("model_type");
        var family = Array.Find(s_families, f => f.ModelType == name);
        if (family is null)
        {
            string supported = string.Join(", ", s_families.Select(f => f.ModelType));
            throw new InvalidInputException(
                $"{config.Source}: model_type is '{name ?? "absent"}'; one of these was expected: {supported}.");
        }

        var generation = GenerationConfig.Read(folder);
        string? type = config.Text("dtype") ?? config.Text("torch_dtype");
        var model = family.Load(config, folder, options with { Classes = config.Classes, IsHeadless = config.IsHeadless });
        model.Describe(generation, Notes(config, generation, model, type));
        return model;
    }

    // What is worth a word to whoever looks at the checkpoint.
    private static IEnumerable<string> Notes(ConfigReader config, GenerationConfig? generation, LanguageModel model, string? type)
    {
        string[] unused = [.. config.Unread.Where(f => !ConfigFields.Irrelevant.Contains(f))];
        if (unused.Length > 0)
        {
            yield return $"fields of {CheckpointFolder.ConfigFileName} that nothing reads: {string.Join(", ", unused)}";
        }

        if (generation is { Unused.Count: > 0 })
        {
            yield return $"fields of {GenerationConfig.FileName} that nothing reads: {string.Join(", ", generation.Unused)}";
        }

        if (type is not null && model.Stored.Keys.Select(name => model.Checkpoint.Tensors[name].Type).Distinct().ToArray() is [var stored]
            && StoredType.TryGetDType(stored, out var kept) && kept.TorchName() != type.Split('.')[^1])
        {
            yield return $"{CheckpointFolder.ConfigFileName} says {type} and the weights are stored in {kept.TorchName()}, which is kept "
                + $"({Setting.DType} takes another)";
        }
    }

    private sealed record Family(string ModelType, string Architecture, string Description, Loader Load);
}
