using System.Text.RegularExpressions;
using Xunit;

namespace IlZo.Core.Tests.Documentation;

/// <summary>Links between the pages lead somewhere.</summary>
public sealed partial class LinkTests
{
    private static readonly string s_root = TestData.InRepository();

    private static IEnumerable<string> Pages => ((string[])["docs", "bench", "kernels", "samples", "tests", "src"])
        .SelectMany(folder => Directory.GetFiles(Path.Combine(s_root, folder), "*.md", SearchOption.AllDirectories))
        .Concat(Directory.GetFiles(s_root, "*.md"))
        .Where(page => !Path.GetRelativePath(s_root, page).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    [Fact]
    public void Every_link_leads_to_a_file_and_a_heading_that_are_there()
    {
        var broken = new List<string>();
        int links = 0;
        foreach (string page in Pages)
        {
            foreach (Match link in Link().Matches(Fence().Replace(File.ReadAllText(page), string.Empty)))
            {
                string target = link.Groups[1].Value;
                if (target.Contains("://", StringComparison.Ordinal))
                {
                    continue;
                }

                links++;
                string[] parts = target.Split('#');
                string file = parts[0].Length == 0 ? page : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, parts[0]));
                bool leads = parts.Length == 1 ? Path.Exists(file) : File.Exists(file) && Anchors(file).Contains(parts[1]);
                if (!leads)
                {
                    broken.Add($"{Path.GetRelativePath(s_root, page)}: {target}");
                }
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken));
        Assert.True(links > 50);
    }

    [Fact]
    public void Every_page_of_the_documentation_is_linked()
    {
        string[] linked = [.. Pages.SelectMany(page => Link().Matches(File.ReadAllText(page)).Select(
            m => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, m.Groups[1].Value.Split('#')[0]))))];
        Assert.Empty(Directory.GetFiles(Path.Combine(s_root, "docs"), "*.md").Except(linked).Select(Path.GetFileName));
    }

    // As GitHub makes them: lower case, spaces to hyphens, no other marks.
    private static HashSet<string> Anchors(string file) =>
    [
        .. Heading().Matches(Fence().Replace(File.ReadAllText(file), string.Empty)).Select(
            m => Marks().Replace(m.Groups[1].Value.Trim().ToLowerInvariant(), string.Empty).Replace(' ', '-')),
    ];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N}\-_ ]")]
    private static partial Regex Marks();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
