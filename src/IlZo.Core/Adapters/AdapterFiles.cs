using IlZo.Files;
using IlZo.Models;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Adapters;

/// <summary>What can be done with a saved adapter besides loading it.</summary>
internal static class AdapterFiles
{
    /// <summary>Copies an adapter in PEFT's format.</summary>
    /// <exception cref="InvalidInputException">The source holds no adapter, or the target something else.</exception>
    public static void Copy(string source, string target) => PeftWriter.Copy(source, target);

    /// <summary>
    /// Reads the files of a model with an adapter: a chat template beside the adapter, which it was trained with, goes before the model's
    /// own.
    /// </summary>
    /// <param name="adapter">The adapter's folder, or null.</param>
    /// <param name="read">The content of a file of the model, or null where there is none.</param>
    public static Func<string, byte[]?> Over(string? adapter, Func<string, byte[]?> read) => name =>
        adapter is not null && name == ChatTemplateFile.FileName && File.Exists(Path.Combine(adapter, name))
            ? PlainFile.ReadAllBytes(Path.Combine(adapter, name))
            : read(name);

    /// <summary>Writes a whole model with the effect of its adapter added to the weights; the adapter has none after that.</summary>
    /// <param name="model">A model with an adapter.</param>
    /// <param name="folder">The folder to create or to replace.</param>
    /// <param name="extraFiles">Further files for the folder, by name.</param>
    /// <param name="cancellation">Ends the writing between two tensors; the folder is as it was.</param>
    /// <exception cref="InvalidInputException">The adapter is none that weights can stand for, or a sum overflows their type.</exception>
    public static void SaveMerged(
        LanguageModel model, string folder, IReadOnlyDictionary<string, byte[]>? extraFiles = null,
        CancellationToken cancellation = default)
    {
        model.Adapter!.Merge();
        model.Save(folder, extraFiles, cancellation);
    }
}
