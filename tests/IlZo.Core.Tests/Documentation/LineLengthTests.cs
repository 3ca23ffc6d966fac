using Xunit;

namespace IlZo.Core.Tests.Documentation;

/// <summary>
/// Lines fit a window: 140 characters, in code and in prose. Raw strings, tables and blocks of code in Markdown keep theirs.
/// </summary>
public class LineLengthTests
{
    private const int Most = 140;

    private static readonly string s_root = TestData.InRepository(".");

    [Fact]
    public void No_line_of_code_is_longer() => Assert.Empty(LongLines("*.cs", "\"\"\"", isExempt: _ => false));

    [Fact]
    public void No_line_of_prose_is_longer() => Assert.Empty(LongLines("*.md", "```", isExempt: l => l.TrimStart().StartsWith('|')));

    [Fact]
    public void A_long_line_is_seen()
    {
        string[] lines = ["short", new('x', Most + 1), "text = $\"\"\"", new('x', Most + 1), "\"\"\";", new('x', Most)];
        Assert.Equal([2], LongLines(lines, "\"\"\"", isExempt: _ => false));
    }

    private static IEnumerable<string> LongLines(string pattern, string fence, Predicate<string> isExempt) =>
        from file in Directory.EnumerateFiles(s_root, pattern, SearchOption.AllDirectories)
        let parts = Path.GetRelativePath(s_root, file).Split(Path.DirectorySeparatorChar)
        where !parts.Any(p => p is "bin" or "obj" or "artifacts" || (p.Length > 1 && p[0] == '.'))
        from line in LongLines(File.ReadAllLines(file), fence, isExempt)
        select $"{Path.GetRelativePath(s_root, file)}:{line}";

    // Numbers of lines from 1 that are too long, outside of what stands between two fences, lines with fences included.
    private static IEnumerable<int> LongLines(string[] lines, string fence, Predicate<string> isExempt)
    {
        bool isFenced = false;
        for (int i = 0; i < lines.Length; i++)
        {
            int fences = lines[i].AsSpan().Count(fence);
            if (lines[i].Length > Most && fences == 0 && !isFenced && !isExempt(lines[i]))
            {
                yield return i + 1;
            }

            isFenced ^= fences % 2 == 1;
        }
    }
}
