namespace IlZo.Core.Tests;

/// <summary>Finds the data that tests read.</summary>
public static class TestData
{
    private static readonly Lazy<string> Root = new(FindRoot);

    /// <summary>A path under the repository's <c>tests/data</c>.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root.Value, "tests", "data", .. parts]);

    /// <summary>A path under the folder that the environment variable <c>ILZO_TEST_DATA</c> names, or null where it is not set.</summary>
    public static string? External(params string[] parts)
    {
        string? root = Environment.GetEnvironmentVariable("ILZO_TEST_DATA");
        return string.IsNullOrEmpty(root) ? null : System.IO.Path.Combine([root, .. parts]);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "IlZo.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"IlZo.sln is in no folder above {AppContext.BaseDirectory}.");
    }
}
