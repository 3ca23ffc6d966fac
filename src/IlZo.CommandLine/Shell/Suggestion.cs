using System.CommandLine;
using System.CommandLine.Parsing;

namespace IlZo.Cli.Shell;

/// <summary>What somebody probably meant who wrote a word that there is not.</summary>
internal static class Suggestion
{
    // Another first letter makes another word of one so short: gpu is no mistyped cpu.
    private const int ShortWord = 3;

    // Messages quote the command line by the one and files by the other.
    private static readonly char[] s_marks = ['\'', '"'];

    /// <summary>What is wrong with a word that a command does not have, and what was probably meant.</summary>
    /// <param name="token">The word.</param>
    /// <param name="command">The command.</param>
    /// <param name="name">The command's whole name.</param>
    public static string OfUnknown(string token, Command command, string name)
    {
        string word = token.Split('=', ':')[0];
        if (word.StartsWith('-'))
        {
            string[] options = [.. command.Options.Where(o => !o.Hidden).Select(o => o.Name)];
            return $"'{word}' is not an option of '{name}'.{OtherNames.OfOption(word, options) ?? DidYouMean(word, options)}";
        }

        string[] names = [.. command.Subcommands.Select(c => c.Name)];
        return $"'{word}' is not a command; one of {string.Join(", ", names)} was expected."
            + (OtherNames.OfCommand(word, names) ?? DidYouMean(word, names));
    }

    /// <summary>What was probably meant by a value that was refused; empty where it resembles none that an option has.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="refusal">The message, which has the value in quotation marks.</param>
    public static string OfValue(ParseResult parsed, string refusal)
    {
        foreach (var result in parsed.CommandResult.Children.OfType<OptionResult>())
        {
            var values = OptionValues.Of(result.Option);
            foreach (string word in result.Tokens.SelectMany(t => t.Value.Split(',')).Where(word => !values.Contains(word)))
            {
                bool isRefused = s_marks.Any(mark => refusal.Contains($"{mark}{word}{mark}", StringComparison.Ordinal));
                if (isRefused && DidYouMean(word, values) is { Length: > 0 } sentence)
                {
                    return sentence;
                }
            }
        }

        return string.Empty;
    }

    /// <summary>The candidate that a word resembles, as mistyped words do; null where there is none.</summary>
    public static string? Nearest(string word, IReadOnlyList<string> candidates)
    {
        string written = Plain(word);
        int most = written.Length <= ShortWord ? 1 : written.Length <= 7 ? 2 : 3;
        var near = candidates
            .Select(c => (Name: c, Distance: Distance(written, Plain(c))))
            .Where(c => c.Distance <= most && c.Distance < Plain(c.Name).Length)
            .Where(c => written.Length > ShortWord || Plain(c.Name)[0] == written[0])
            .OrderBy(c => c.Distance)
            .ToList();
        return near.Count > 0 ? near[0].Name : null;
    }

    private static string DidYouMean(string word, IReadOnlyList<string> candidates) =>
        Nearest(word, candidates) is { } name ? $" Did you mean {name}?" : string.Empty;

    private static string Plain(string word) => word.TrimStart('-').Replace('_', '-').ToLowerInvariant();

    // Letters that are added, missing, others, or exchanged with their neighbor (optimal string alignment).
    private static int Distance(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                int replaced = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replaced, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
