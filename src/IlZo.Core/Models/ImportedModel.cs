using IlZo.Checkpoints;

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
    /// <param name="cancellation">Ends the work; nothing is there then.</param>
    /// <exception cref="InvalidInputException">The folder exists, or the model that was written cannot be loaded.</exception>
    /// <exception cref="IOException">Writing failed; nothing is there.</exception>
    public static void Save(string source, string folder, Action<string> write, CancellationToken cancellation)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target))
        {
            RefuseExisting(target);
        }

        FolderSwap.Replace(target, RefuseExisting, temporary =>
        {
            write(temporary);
            RequireUsable(source, temporary, cancellation);
        });
    }

    private static void RefuseExisting(string folder) =>
        throw new InvalidInputException($"'{folder}' exists already; the name of a folder to create was expected.");

    // Shapes and names are checked by who loads them.
    private static void RequireUsable(string source, string folder, CancellationToken cancellation)
    {
        try
        {
            using var model = ModelLoader.Load(folder, cancellation: cancellation);
            ModelLoader.Tokenizer(model.Checkpoint);
        }
        catch (InvalidInputException e)
        {
            throw new InvalidInputException($"'{source}': what came of it cannot be used: {e.Message}", e);
        }
    }
}
