using IlZo.Adapters;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Training;

/// <summary>Where a model is: a checkpoint, and an adapter on it.</summary>
/// <param name="Model">A folder in the Hugging Face layout, or <see cref="ModelLoader.BuiltIn"/>.</param>
/// <param name="Adapter">A folder with an adapter in PEFT's format, or null.</param>
public sealed record ModelSource(string Model, string? Adapter)
{
    /// <summary>What a user's name for a model stands for: where it is the folder of a run, the result of that run.</summary>
    /// <exception cref="InvalidInputException">The run has no result, or it is not as the run left it.</exception>
    public static ModelSource Of(string model) =>
        model != ModelLoader.BuiltIn && new RunFolder(model) is { IsRun: true } run ? SavedRun.Open(run).Result() : new ModelSource(model, null);

    /// <summary>Loads it.</summary>
    /// <param name="type">The type to keep the checkpoint's weights in, or null for the one they are stored in.</param>
    /// <exception cref="InvalidInputException">The checkpoint or the adapter cannot be used.</exception>
    public LanguageModel Load(DType? type) => Adapter is null ? ModelLoader.Load(Model, type) : AdapterFactory.Load(Model, Adapter, type);
}
