using System.Text;

namespace IlZo.Site;

/// <summary>
/// Makes a site of the repository's Markdown: static pages that open from files, with the files that they link to beside them.
/// </summary>
internal static class SiteWriter
{
    /// <summary>The page that is made of the README.</summary>
    public const string StartPage = "index.html";

    private const string StyleSheet = "site.css";

    // In the order of the navigation; the pages of docs/ follow by name.
    private static readonly string[] s_first = ["README.md"];
    private static readonly string[] s_last = ["bench/README.md", "kernels/README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

    /// <summary>Writes the site.</summary>
    /// <param name="repository">The root of the repository.</param>
    /// <param name="folder">Where the site goes; files of the same names are replaced.</param>
    /// <returns>How many pages there are.</returns>
    public static int Write(string repository, string folder)
    {
        var pages = Sources(repository).Select(source => SitePage.Read(repository, source)).ToArray();
        var assets = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var page in pages)
        {
            string html = page.Render(pages, repository, assets);
            Write(folder, page.Target, Encoding.UTF8.GetBytes(html));
        }

        foreach (string asset in assets)
        {
            Write(folder, asset, File.ReadAllBytes(Path.Combine(repository, asset)));
        }

        using var style = typeof(SiteWriter).Assembly.GetManifestResourceStream(StyleSheet)!;
        using var bytes = new MemoryStream();
        style.CopyTo(bytes);
        Write(folder, StyleSheet, bytes.ToArray());
        return pages.Length;
    }

    private static IEnumerable<string> Sources(string repository) =>
    [
        .. s_first,
        .. Directory.GetFiles(Path.Combine(repository, "docs"), "*.md").Select(path => $"docs/{Path.GetFileName(path)}").Order(
            StringComparer.Ordinal),
        .. s_last,
    ];

    private static void Write(string folder, string name, byte[] content)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }
}
