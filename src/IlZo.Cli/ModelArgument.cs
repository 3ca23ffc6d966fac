using System.CommandLine;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>The model that a command line names: a folder, the built-in one, or the result of a run, and an adapter on it.</summary>
internal static class ModelArgument
{
    /// <summary>Loads a model, and says what of its weights is read otherwise than its configuration says.</summary>
    public static LanguageModel Load(ModelSource source, DType? dtype)
    {
        var model = source.Load(dtype);
        foreach (string warning in model.Warnings)
        {
            Terminal.Say($"{warning}.");
        }

        return model;
    }

    /// <summary>A checkpoint that a command line names where there can be no adapter.</summary>
    /// <exception cref="InvalidInputException">It is the folder of a run whose result is an adapter.</exception>
    public static string Checkpoint(string model) => ModelSource.Of(model) is { Adapter: null } source
        ? source.Model
        : throw new InvalidInputException(
            $"'{model}' is a run whose result is an adapter; a checkpoint, as 'ilzo export --merge' makes it of LoRA, was expected.");
}
