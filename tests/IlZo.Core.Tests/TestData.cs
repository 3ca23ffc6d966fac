namespace IlZo.Core.Tests;

/// <summary>Finds the data of the tests.</summary>
public static class TestData
{
    /// <summary>A path under <c>tests/data</c> of the repository.</summary>
    public static string Path(params string[] parts) =>
        System.IO.Path.Combine([RepositoryRoot(), "tests", "data", .. parts]);

    /// <summary>A path under the folder that ILZO_TEST_DATA names, or null when it is not set or holds no such path.</summary>
    public static string? External(params string[] parts)
    {
        string? root = Environment.GetEnvironmentVariable("ILZO_TEST_DATA");
        string? path = string.IsNullOrEmpty(root) ? null : System.IO.Path.Combine([root, .. parts]);
        return System.IO.Path.Exists(path) ? path : null;
    }

    /// <summary>A path in the repository.</summary>
    public static string InRepository(params string[] parts) => System.IO.Path.Combine([RepositoryRoot(), .. parts]);

    private static string RepositoryRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder != null && !File.Exists(System.IO.Path.Combine(folder, "IlZo.sln")))
        {
            folder = System.IO.Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException(
            "The tests do not lie in the repository: no folder above them holds IlZo.sln.");
    }
}
