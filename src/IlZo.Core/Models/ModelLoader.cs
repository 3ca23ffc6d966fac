using IlZo.BuiltIn;
using IlZo.Checkpoints;
using IlZo.Tensors;
using IlZo.Tokenization;

namespace IlZo.Models;

/// <summary>Finds a model by the user's name for it: a folder, or the name of the built-in model.</summary>
public static class ModelLoader
{
    /// <summary>The name of opt-reviews-6m, the model of the package IlZo.BuiltIn.</summary>
    public const string BuiltIn = "builtin";

    private const string BuiltInFolder = "opt-reviews-6m";

    private static readonly string[] s_builtInFiles =
    [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json", "vocab.json", "merges.txt",
    ];

    /// <summary>Opens a checkpoint without loading it.</summary>
    /// <param name="model">A folder in the Hugging Face layout, or <see cref="BuiltIn"/>.</param>
    /// <exception cref="InvalidInputException">There is no such folder, or the program does not reference the package
    /// IlZo.BuiltIn.</exception>
    public static CheckpointFolder Open(string model) => model == BuiltIn ? OpenBuiltIn() : CheckpointFolder.Open(model);

    /// <summary>Loads a model.</summary>
    /// <param name="model">A folder in the Hugging Face layout, or <see cref="BuiltIn"/>.</param>
    /// <param name="type">The type in which to keep weights, or null for the stored type.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">The checkpoint cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public static LanguageModel Load(string model, DType? type = null, CancellationToken cancellation = default) =>
        Load(model, new WeightOptions(type, CheckValues: true, Cancellation: cancellation));

    internal static LanguageModel Load(string model, WeightOptions options)
    {
        var folder = Open(model);
        try
        {
            return ModelCatalog.Load(folder, options);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>The tokenizer of a checkpoint.</summary>
    /// <exception cref="InvalidInputException">The folder has no tokenizer, or an unusable one.</exception>
    public static ITokenizer Tokenizer(CheckpointFolder folder) =>
        TokenizerLoader.Load(name => folder.ReadFile(name) is { } content ? new MemoryStream(content) : null, folder.DisplayName);

    private static CheckpointFolder OpenBuiltIn() => BuiltInFiles.AreRegistered
        ? CheckpointFolder.FromMemory(
            BuiltIn, name => s_builtInFiles.Contains(name) ? BuiltInFiles.ReadAllBytes($"{BuiltInFolder}/{name}") : null)
        : throw new InvalidInputException(
            $"The model is '{BuiltIn}', which is in the package {BuiltInFiles.Package}; a reference to that package, or the folder of a "
                + "model, was expected.");
}
