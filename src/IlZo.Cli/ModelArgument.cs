using System.CommandLine;
using IlZo.Adapters;
using IlZo.Models;
using IlZo.Tokenization.ChatTemplates;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>The model that a command line names: a folder, the built-in one, or the result of a run, and an adapter on it.</summary>
internal static class ModelArgument
{
    /// <summary>What <c>--model</c> and <c>--adapter</c> stand for.</summary>
    /// <exception cref="InvalidInputException">The run has no result, or there would be two adapters.</exception>
    public static ModelSource Of(string model, string? adapter)
    {
        var source = ModelSource.Of(model);
        return adapter is null || source.Adapter is null
            ? source with { Adapter = adapter ?? source.Adapter }
            : throw new InvalidInputException($"--adapter is '{adapter}', and the result of the run '{model}' is an adapter already; one of them was expected.");
    }

    /// <summary>Loads it, and says what of its weights is read otherwise than its configuration says.</summary>
    public static LanguageModel Load(ModelSource source, string? dtype)
    {
        var model = source.Load(Flags.ParseDType(dtype));
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
        : throw new InvalidInputException($"'{model}' is a run whose result is an adapter; a checkpoint, as 'ilzo export --merge' makes it of LoRA, was expected.");

    /// <summary>Its chat template: that in a file, else that which its adapter was trained with, else its own; null where there is none.</summary>
    public static ChatTemplate? Template(ModelSource source, LanguageModel model, string? file)
    {
        var read = AdapterFiles.Over(source.Adapter, model.Checkpoint.ReadFile);
        return file is null ? ChatTemplateFile.Find(read, model.Checkpoint.DisplayName) : ChatTemplateFile.Load(file, read, model.Checkpoint.DisplayName);
    }
}
