using IlZo.Adapters;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Training;

/// <summary>Where a model is: a checkpoint, and an adapter on it.</summary>
/// <param name="Model">A folder in the Hugging Face layout, or <see cref="ModelLoader.BuiltIn"/>.</param>
/// <param name="Adapter">A folder with an adapter in PEFT's format, or null.</param>
public sealed record ModelSource(string Model, string? Adapter)
{
    /// <summary>What a user's name for a model stands for: where it is the folder of a run, the result of that run.</summary>
    /// <exception cref="InvalidInputException">The run has no result, or it is not as the run left it.</exception>
    internal static ModelSource Of(string model) =>
        model != ModelLoader.BuiltIn && new RunFolder(model) is { IsRun: true } run
            ? SavedRun.Open(run).Result()
            : new ModelSource(model, null);

    /// <summary>What a user's names for a model and for an adapter on it stand for.</summary>
    /// <param name="model">A folder in the Hugging Face layout, a run's folder, or <see cref="ModelLoader.BuiltIn"/>.</param>
    /// <param name="adapter">A folder with an adapter in PEFT's format; null for none, or that of the run.</param>
    /// <exception cref="InvalidInputException">The run has no result, it is not as the run left it, or there would be two
    /// adapters.</exception>
    public static ModelSource Of(string model, string? adapter)
    {
        var source = Of(model);
        return adapter is null || source.Adapter is null
            ? source with { Adapter = adapter ?? source.Adapter }
            : throw new InvalidInputException(
                $"The adapter is '{adapter}', and the result of the run '{model}' is an adapter already; one of them was expected.");
    }

    /// <summary>The chat template that it was trained with, else the model's own; null where there is none.</summary>
    /// <param name="model">The model, loaded.</param>
    /// <param name="file">A file with a template to take in their place; or null.</param>
    /// <exception cref="InvalidInputException">The template cannot be read.</exception>
    internal ChatTemplate? Template(LanguageModel model, string? file = null)
    {
        var read = AdapterFiles.Over(Adapter, model.Checkpoint.ReadFile);
        return file is null
            ? ChatTemplateFile.Find(read, model.Checkpoint.DisplayName)
            : ChatTemplateFile.Load(file, read, model.Checkpoint.DisplayName);
    }

    /// <summary>Loads it.</summary>
    /// <param name="type">The type to keep the checkpoint's weights in, or null for the one they are stored in.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    /// <exception cref="InvalidInputException">The checkpoint or the adapter cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public LanguageModel Load(DType? type, CancellationToken cancellation = default) => Adapter is null
        ? ModelLoader.Load(Model, type, cancellation)
        : AdapterFactory.Load(Model, Adapter, type, cancellation);
}
