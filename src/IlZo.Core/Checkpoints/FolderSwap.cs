using IlZo.Files;

namespace IlZo.Checkpoints;

/// <summary>
/// Replaces a whole folder so that nothing half-written is ever found under its name. The new folder is filled under the
/// name <c>.NAME.tmp-ID</c> beside the target; then an existing target is renamed to <c>.NAME.old-ID</c>, the new folder
/// gets the name, and the old one is deleted. The names are flushed to the disk before the old folder goes. A crash leaves at worst such
/// folders behind: the next call deletes them, after it gave an old folder its name back if the crash came between the two renames.
/// </summary>
internal static class FolderSwap
{
    /// <param name="target">The full path of the folder to create or replace, without a separator at its end.</param>
    /// <param name="isOurs">Whether an existing target may be replaced; it throws when not.</param>
    /// <param name="fill">Writes the content into the folder it is given.</param>
    public static void Replace(string target, Action<string> isOurs, Action<string> fill)
    {
        string parent = Path.GetDirectoryName(target)!;
        string name = Path.GetFileName(target);
        Directory.CreateDirectory(parent);
        CleanUp(target, parent, name);
        if (Directory.Exists(target))
        {
            isOurs(target);
        }

        string id = Guid.NewGuid().ToString("N");
        string fresh = Path.Combine(parent, $".{name}.tmp-{id}");
        string old = Path.Combine(parent, $".{name}.old-{id}");
        try
        {
            Directory.CreateDirectory(fresh);
            fill(fresh);
            Folders.Flush(fresh);
            Swap(target, fresh, old);
            Folders.Flush(parent);
        }
        catch
        {
            TryDelete(fresh);
            throw;
        }

        TryDelete(old);
    }

    private static void Swap(string target, string fresh, string old)
    {
        if (!Directory.Exists(target))
        {
            Directory.Move(fresh, target);
            return;
        }

        Directory.Move(target, old);
        try
        {
            Directory.Move(fresh, target);
        }
        catch
        {
            Directory.Move(old, target);
            throw;
        }
    }

    private static void CleanUp(string target, string parent, string name)
    {
        foreach (string old in Leftovers(parent, $".{name}.old-"))
        {
            if (Directory.Exists(target))
            {
                Directory.Delete(old, recursive: true);
            }
            else
            {
                Directory.Move(old, target);
            }
        }

        foreach (string fresh in Leftovers(parent, $".{name}.tmp-"))
        {
            Directory.Delete(fresh, recursive: true);
        }
    }

    private static List<string> Leftovers(string parent, string prefix) =>
        [.. Directory.EnumerateDirectories(parent).Where(path =>
        {
            string name = Path.GetFileName(path);
            return name.StartsWith(prefix, StringComparison.Ordinal) && Guid.TryParseExact(name[prefix.Length..], "N", out _);
        })];

    private static void TryDelete(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next call cleans up what is left.
        }
    }
}
