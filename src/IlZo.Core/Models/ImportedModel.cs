using IlZo.Checkpoints;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Models;

/// <summary>
/// The folder of a model that was made of one in another format: there as a whole or not at all, and only if it can be used.
/// </summary>
internal static class ImportedModel
{
    /// <summary>Makes the folder.</summary>
    /// <param name="source">What the model is made of, for messages.</param>
    /// <param name="folder">The folder, which must not exist.</param>
    /// <param name="write">Writes the model to the folder that it is given.</param>
    /// <param name="origins">What the source calls fields and tensors of the model that have other names there.</param>
    /// <param name="cancellation">Ends the work; nothing is there then.</param>
    /// <exception cref="InvalidInputException">The folder exists, or the model that was written cannot be loaded.</exception>
    /// <returns>Why conversations cannot be written with the model's own template; null where nothing is wrong.</returns>
    /// <exception cref="IOException">Writing failed; nothing is there.</exception>
    public static string? Save(
        string source,
        string folder,
        Action<string> write,
        IReadOnlyDictionary<string, string> origins,
        CancellationToken cancellation)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target))
        {
            RefuseExisting(target);
        }

        string? note = null;
        FolderSwap.Replace(target, RefuseExisting, temporary =>
        {
            write(temporary);
            note = RequireUsable(source, temporary, origins, cancellation);
        });
        return note;
    }

    private static void RefuseExisting(string folder) =>
        throw new InvalidInputException($"'{folder}' exists already; the name of a folder to create was expected.");

    // Shapes and names are checked by who loads them, under the source's name: the folder's own is gone when the message is read.
    private static string? RequireUsable(
        string source, string folder, IReadOnlyDictionary<string, string> origins, CancellationToken cancellation)
    {
        try
        {
            using var checkpoint = CheckpointFolder.OpenAs(folder, source);
            using var model = ModelCatalog.Load(checkpoint, new WeightOptions(null, CheckValues: true, Cancellation: cancellation));
            ModelLoader.Tokenizer(checkpoint);
            return TemplateNote(checkpoint);
        }
        catch (InvalidInputException e)
        {
            string[] named = [.. origins.Where(o => Names(e.Message, o.Key)).Select(o => $"{o.Key} is its '{o.Value}'")];
            string names = named.Length == 0 ? string.Empty : $" ({string.Join(", ", named)})";
            throw new InvalidInputException($"'{source}': what came of it cannot be used{names}: {e.Message}", e);
        }
    }

    // All but conversations does without a template.
    private static string? TemplateNote(CheckpointFolder checkpoint)
    {
        try
        {
            ChatTemplateFile.Find(checkpoint.ReadFile, checkpoint.DisplayName);
            return null;
        }
        catch (InvalidInputException e)
        {
            return $"the chat template is none that can be used, so that conversations need another: {e.Message}";
        }
    }

    // Whether a message has a name as a word of its own.
    private static bool Names(string message, string name)
    {
        for (int at = 0; (at = message.IndexOf(name, at, StringComparison.Ordinal)) >= 0; at++)
        {
            int end = at + name.Length;
            if ((at == 0 || !IsPart(message[at - 1])) && (end == message.Length || !IsPart(message[end])))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsPart(char c) => char.IsLetterOrDigit(c) || c is '_' or '/';
}
