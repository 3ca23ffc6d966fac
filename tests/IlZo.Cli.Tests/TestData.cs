using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>Finds the data of the tests.</summary>
public static class TestData
{
    public static string Stories => PathOf("models", "stories260K");

    public static string BabyLlama => PathOf("models", "babyllama361");

    public static string Fixture(string name) => PathOf("fixtures", "forward", name);

    /// <summary>The reference.json of a model.</summary>
    public static JsonElement Reference(string model)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(PathOf("models", model, "reference.json")));
        return document.RootElement.Clone();
    }

    /// <summary>A path under <c>tests/data</c> of the repository.</summary>
    public static string PathOf(params string[] parts)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder != null && !File.Exists(Path.Combine(folder, "IlZo.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine(
            [folder ?? throw new InvalidOperationException("No folder above the tests holds IlZo.sln."), "tests", "data", .. parts]);
    }
}

/// <summary>A folder that is deleted at the end of a test.</summary>
public sealed class TempFolder : IDisposable
{
    public TempFolder() => Path = Directory.CreateTempSubdirectory("ilzo-test-").FullName;

    public string Path { get; }

    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string content)
    {
        File.WriteAllText(this[name], content);
        return this[name];
    }

    /// <summary>Copies a folder, with those in it, into a new one below this, and returns its path.</summary>
    public string Copy(string source, string name)
    {
        Directory.CreateDirectory(this[name]);
        foreach (string file in Directory.EnumerateFiles(source))
        {
            File.Copy(file, System.IO.Path.Combine(this[name], System.IO.Path.GetFileName(file)));
        }

        foreach (string folder in Directory.EnumerateDirectories(source))
        {
            Copy(folder, System.IO.Path.Combine(name, System.IO.Path.GetFileName(folder)));
        }

        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
