using System.Net;
using System.Text;
using Markdig;
using Markdig.Extensions.AutoIdentifiers;
using Markdig.Renderers;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace IlZo.Site;

/// <summary>A page of the site.</summary>
/// <param name="Source">The Markdown file, relative to the repository, with slashes.</param>
/// <param name="Target">The page, relative to the site.</param>
/// <param name="Title">Its first heading.</param>
/// <param name="Document">Its content.</param>
internal sealed record SitePage(string Source, string Target, string Title, MarkdownDocument Document)
{
    private static readonly MarkdownPipeline s_pipeline = new MarkdownPipelineBuilder()
        .UsePipeTables().UseAutoIdentifiers(AutoIdentifierOptions.GitHub).Build();

    /// <summary>Reads a Markdown file.</summary>
    public static SitePage Read(string repository, string source)
    {
        var document = Markdown.Parse(File.ReadAllText(Path.Combine(repository, source)), s_pipeline);
        var heading = document.Descendants<HeadingBlock>().First();
        string title = string.Concat(heading.Inline!.Descendants().Select(TextOf));
        return new SitePage(source, TargetOf(source), title, document);
    }

    /// <summary>The page as HTML.</summary>
    /// <param name="pages">All pages, for the navigation and for links between them.</param>
    /// <param name="repository">The root of the repository.</param>
    /// <param name="assets">Receives the files that the page links to, relative to the repository.</param>
    public string Render(IReadOnlyList<SitePage> pages, string repository, ISet<string> assets)
    {
        foreach (var link in Document.Descendants<LinkInline>())
        {
            link.Url = Resolve(link.Url ?? string.Empty, pages, repository, assets);
        }

        using var body = new StringWriter();
        var renderer = new HtmlRenderer(body);
        s_pipeline.Setup(renderer);
        renderer.Render(Document);
        string up = string.Concat(Enumerable.Repeat("../", Target.Count(c => c == '/')));
        var navigation = new StringBuilder();
        foreach (var page in pages)
        {
            string here = page.Source == Source ? " aria-current=\"page\"" : string.Empty;
            navigation.Append($"<li><a href=\"{up}{page.Target}\"{here}>{WebUtility.HtmlEncode(page.Title)}</a></li>\n");
        }

        return $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{WebUtility.HtmlEncode(Title)} · IlZo</title>
            <link rel="stylesheet" href="{up}site.css">
            </head>
            <body>
            <nav><ul>
            {navigation}</ul></nav>
            <main>
            {body}</main>
            </body>
            </html>

            """;
    }

    private static string TargetOf(string source) => source switch
    {
        "README.md" => SiteWriter.StartPage,
        _ when source.EndsWith("/README.md", StringComparison.Ordinal) => $"{source[..^"README.md".Length]}index.html",
        _ => Path.ChangeExtension(source, ".html"),
    };

    private static string TextOf(MarkdownObject part) => part switch
    {
        LiteralInline literal => literal.Content.ToString(),
        CodeInline code => code.Content,
        _ => string.Empty,
    };

    // Links to pages lead to pages, those to other files to copies of them, and folders have no page.
    private string Resolve(string url, IReadOnlyList<SitePage> pages, string repository, ISet<string> assets)
    {
        if (url.StartsWith('#') || url.Contains("://", StringComparison.Ordinal))
        {
            return url;
        }

        string[] parts = url.Split('#', 2);
        string folder = Path.GetDirectoryName(Path.Combine(repository, Source))!;
        string path = Path.GetFullPath(Path.Combine(folder, Uri.UnescapeDataString(parts[0])));
        string file = Path.GetRelativePath(repository, path).Replace(Path.DirectorySeparatorChar, '/');
        string anchor = parts.Length == 2 ? $"#{parts[1]}" : string.Empty;
        if (Directory.Exists(path))
        {
            string readme = Path.Combine(path, "README.md");
            if (!File.Exists(readme))
            {
                return "#";
            }

            file = $"{file}/README.md";
        }

        if (pages.FirstOrDefault(p => p.Source == file) is { } page)
        {
            return Relative(page.Target) + anchor;
        }

        assets.Add(file);
        return Relative(file);
    }

    private string Relative(string target)
    {
        string from = Path.GetDirectoryName($"/{Target}")!;
        return Path.GetRelativePath(from, $"/{target}").Replace(Path.DirectorySeparatorChar, '/');
    }
}
