using System.Text.RegularExpressions;

namespace IlZo.Cli.Tests.Documentation;

/// <summary>A command in a block of a page of the documentation.</summary>
/// <param name="Page">The page's path in the repository, with slashes.</param>
/// <param name="Line">The number of its first line, from 1.</param>
/// <param name="Shell">What a shell makes of it; <c>ilzo</c> is the program, also where it is run from a clone.</param>
/// <param name="Typed">The lines a user types into it, behind <c>&gt;</c> on the page.</param>
internal sealed partial record DocumentedCommand(string Page, int Line, ShellCommand Shell, IReadOnlyList<string> Typed)
{
    // README: (`ilzo` is `dotnet run -c Release --project src/IlZo.Cli --`, or the binary below.)
    private const string FromClone = "dotnet run -c Release --project src/IlZo.Cli --";

    private const string Prompt = "$ ";

    // Marks options that a reader fills in.
    private const string Ellipsis = "…";

    private static readonly string[] s_fences = ["```", "```bash", "```console", "```sh"];

    /// <summary>All of them, by page and line.</summary>
    public static IReadOnlyList<DocumentedCommand> All { get; } =
        [.. Pages().SelectMany(page => Of(page, File.ReadAllLines(InRepository(page))))];

    /// <summary>The words.</summary>
    public IReadOnlyList<string> Words { get; } = [.. Shell.Words.Select(word => word.Text)];

    public bool IsIlzo => Words[0] == "ilzo";

    /// <summary>Whether it begins with some words.</summary>
    /// <param name="words">The words, with spaces between them.</param>
    public bool BeginsWith(string words) => $"{string.Join(' ', Words)} ".StartsWith($"{words} ", StringComparison.Ordinal);

    public override string ToString() => $"{Page}:{Line}: {string.Join(' ', Words)}";

    /// <summary>A path of the repository.</summary>
    public static string InRepository(string path) => Path.GetFullPath(TestData.PathOf("..", "..", path));

    /// <summary>
    /// The commands of a page: the lines of blocks without a language or with a shell's; in blocks with prompts, those behind a prompt.
    /// </summary>
    public static IEnumerable<DocumentedCommand> Of(string page, string[] lines)
    {
        for (int start = 0; start < lines.Length; start++)
        {
            string fence = lines[start].Trim();
            if (Indented().IsMatch(lines[start]))
            {
                throw new FormatException($"{page}:{start + 1}: a command stands outside of a block between two ```.");
            }

            if (!fence.StartsWith("```", StringComparison.Ordinal))
            {
                continue;
            }

            int end = Array.FindIndex(lines, start + 1, line => line.Trim() == "```");
            end = end < 0 ? throw new FormatException($"{page}:{start + 1}: this block has no end.") : end;
            foreach (var command in s_fences.Contains(fence) ? OfBlock(page, start + 1, lines[(start + 1)..end]) : [])
            {
                yield return command;
            }

            start = end;
        }
    }

    private static IEnumerable<DocumentedCommand> OfBlock(string page, int before, string[] lines)
    {
        bool isSession = lines.Any(line => line.StartsWith(Prompt, StringComparison.Ordinal));
        for (int i = 0; i < lines.Length; i++)
        {
            int first = i;
            string text = lines[i];
            while (text.EndsWith('\\') && i + 1 < lines.Length)
            {
                text = text[..^1] + lines[++i];
            }

            if (isSession && !text.StartsWith(Prompt, StringComparison.Ordinal))
            {
                continue;
            }

            string[] typed = [.. lines.Skip(i + 1).TakeWhile(line => !line.StartsWith(Prompt, StringComparison.Ordinal))
                .Where(line => isSession && line.StartsWith("> ", StringComparison.Ordinal)).Select(line => line[2..])];
            foreach (var shell in ShellLine.Parse(isSession ? text[Prompt.Length..] : text))
            {
                yield return new DocumentedCommand(page, before + first + 1, Plain(shell), typed);
            }
        }
    }

    private static ShellCommand Plain(ShellCommand shell)
    {
        var words = shell.Words.Where(word => word.Text != Ellipsis).ToArray();
        int clone = FromClone.Split(' ').Length;
        bool isClone = words.Length >= clone && string.Join(' ', words[..clone].Select(word => word.Text)) == FromClone;
        return shell with { Words = isClone ? [new ShellWord("ilzo", false), .. words[clone..]] : words };
    }

    private static IEnumerable<string> Pages() => ((string[])["bench", "docs", "kernels", "samples", "src", "tests"])
        .SelectMany(folder => Directory.GetFiles(InRepository(folder), "*.md", SearchOption.AllDirectories))
        .Concat(Directory.GetFiles(InRepository("."), "*.md"))
        .Select(file => Path.GetRelativePath(InRepository("."), file).Replace('\\', '/'))
        .Where(page => !page.Split('/').Any(part => part is "bin" or "obj"))
        .Order(StringComparer.Ordinal);

    [GeneratedRegex(@"^ {4}(\$|ilzo|dotnet) ")]
    private static partial Regex Indented();
}
