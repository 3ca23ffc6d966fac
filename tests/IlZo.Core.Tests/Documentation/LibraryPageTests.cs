using System.Text.RegularExpressions;
using Xunit;

namespace IlZo.Core.Tests.Documentation;

/// <summary>docs/library.md shows the programs of samples/.</summary>
public sealed partial class LibraryPageTests
{
    // What a sample may have beside using directives, comments, blank lines and braces.
    private const int Lines = 10;

    private static readonly string s_page = File.ReadAllText(TestData.InRepository("docs", "library.md"));

    public static TheoryData<string> Samples =>
        [.. Directory.GetFiles(TestData.InRepository("samples"), "Program.cs", SearchOption.AllDirectories).Select(
            f => Path.GetFileName(Path.GetDirectoryName(f)!))];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_is_on_the_page_as_it_is_built(string sample) => Assert.Equal(Source(sample), Shown(sample));

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_has_ten_lines_of_code(string sample)
    {
        string[] code = [.. Source(sample).Split('\n').Select(l => l.Trim()).Where(
            l => l.Any(char.IsLetterOrDigit) && !l.StartsWith("//", StringComparison.Ordinal) && !Using().IsMatch(l))];
        Assert.InRange(code.Length, 1, Lines);
    }

    private static string Source(string sample) => File.ReadAllText(TestData.InRepository("samples", sample, "Program.cs"));

    private static string Shown(string sample) =>
        Regex.Match(s_page, $"`samples/{sample}/Program.cs`:\n\n```csharp\n(.*?)```\n", RegexOptions.Singleline) is { Success: true } block
            ? block.Groups[1].Value
            : $"docs/library.md shows no samples/{sample}/Program.cs";

    [GeneratedRegex(@"^using [A-Z][\w.]*;$")]
    private static partial Regex Using();
}
