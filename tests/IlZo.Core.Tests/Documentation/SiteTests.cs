using System.Net;
using System.Text.RegularExpressions;
using IlZo.Site;
using Xunit;

namespace IlZo.Core.Tests.Documentation;

/// <summary>The site made of the documentation.</summary>
public sealed partial class SiteTests
{
    [Fact]
    public void Every_link_of_the_site_leads_to_a_file_and_a_place_in_it()
    {
        using var temp = new TempFolder();
        int pages = SiteWriter.Write(TestData.InRepository(), temp.Path);
        string[] files = Directory.GetFiles(temp.Path, "*.html", SearchOption.AllDirectories);
        Assert.Equal(pages, files.Length);
        Assert.Contains(temp[SiteWriter.StartPage], files);
        var broken = new List<string>();
        int links = 0;
        foreach (string file in files)
        {
            foreach (Match link in Link().Matches(File.ReadAllText(file)))
            {
                string target = WebUtility.HtmlDecode(link.Groups[1].Value);
                if (target.Contains("://", StringComparison.Ordinal))
                {
                    continue;
                }

                links++;
                string[] parts = target.Split('#', 2);
                string path = parts[0].Length == 0 ? file : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, parts[0]));
                bool leads = File.Exists(path) && path.StartsWith(temp.Path, StringComparison.Ordinal) && (parts.Length == 1
                    || parts[1].Length == 0 || File.ReadAllText(path).Contains($"id=\"{parts[1]}\"", StringComparison.Ordinal));
                if (!leads)
                {
                    broken.Add($"{Path.GetRelativePath(temp.Path, file)}: {target}");
                }
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken));
        Assert.True(links > 300);
    }

    [Fact]
    public void Every_page_of_the_documentation_is_in_the_navigation_of_each()
    {
        using var temp = new TempFolder();
        SiteWriter.Write(TestData.InRepository(), temp.Path);
        string[] names = [.. Directory.GetFiles(TestData.InRepository("docs"), "*.md").Select(p => Path.GetFileNameWithoutExtension(p))];
        foreach (string file in Directory.GetFiles(temp["docs"], "*.html"))
        {
            string page = File.ReadAllText(file);
            Assert.All(names, name => Assert.Contains($"href=\"../docs/{name}.html\"", page, StringComparison.Ordinal));
            Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        }
    }

    [GeneratedRegex("(?:href|src)=\"([^\"]*)\"")]
    private static partial Regex Link();
}
