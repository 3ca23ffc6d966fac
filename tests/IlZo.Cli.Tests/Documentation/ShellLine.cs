using System.Text.RegularExpressions;

namespace IlZo.Cli.Tests.Documentation;

/// <summary>A word as a shell hands it to a program.</summary>
/// <param name="Text">The word without its quotes.</param>
/// <param name="IsPattern">Whether it stands for the files it fits, as <c>runs/*</c> does without quotes.</param>
internal readonly record struct ShellWord(string Text, bool IsPattern);

/// <summary>One of the commands of a line of a shell.</summary>
/// <param name="Words">The program and its arguments.</param>
/// <param name="Variables">NAME=VALUE of its environment alone.</param>
/// <param name="InputFile">The file that is its standard input.</param>
/// <param name="OutputFile">The file that its standard output goes to.</param>
/// <param name="IsPiped">Whether the output of the command before is its standard input.</param>
internal sealed record ShellCommand(
    IReadOnlyList<ShellWord> Words, IReadOnlyList<string> Variables, string? InputFile, string? OutputFile, bool IsPiped);

/// <summary>The part of a shell's grammar that the pages of the documentation need.</summary>
internal static partial class ShellLine
{
    /// <summary>The commands of a line, in their order.</summary>
    /// <exception cref="FormatException">
    /// The line has something else than words, quotes, comments, redirections, |, ; and &amp;&amp;.
    /// </exception>
    public static IReadOnlyList<ShellCommand> Parse(string line)
    {
        var commands = new List<ShellCommand>();
        var tokens = new Queue<(string Text, bool IsOperator)>(Tokens(line));
        string? operation = null;
        while (tokens.Count > 0 || operation is "|" or "&&")
        {
            commands.Add(OneOf(tokens, operation == "|", line));
            operation = tokens.TryDequeue(out var token) ? token.Text : null;
        }

        return commands;
    }

    // Takes the tokens up to the operator that ends the command.
    private static ShellCommand OneOf(Queue<(string Text, bool IsOperator)> tokens, bool isPiped, string line)
    {
        var words = new List<ShellWord>();
        var variables = new List<string>();
        string? input = null;
        string? output = null;
        while (tokens.TryPeek(out var token) && token is not (";" or "&&" or "|", true))
        {
            string text = tokens.Dequeue().Text;
            if (token.IsOperator)
            {
                string file = tokens.TryDequeue(out var next) && !next.IsOperator
                    ? Unquote(next.Text) : throw new FormatException($"'{line}' has no file after {text}.");
                (input, output) = text == "<" ? (file, output) : (input, file);
            }
            else if (words.Count == 0 && Assignment().IsMatch(text))
            {
                variables.Add(Unquote(text));
            }
            else
            {
                words.Add(new ShellWord(Unquote(text), Quoted().Replace(text, string.Empty).AsSpan().ContainsAny('*', '?', '[')));
            }
        }

        return words.Count > 0
            ? new ShellCommand(words, variables, input, output, isPiped)
            : throw new FormatException($"'{line}' has a place without a command.");
    }

    private static IEnumerable<(string Text, bool IsOperator)> Tokens(string line)
    {
        for (int at = 0; at < line.Length;)
        {
            var token = Token().Match(line, at);
            if (!token.Success)
            {
                throw new FormatException($"'{line[at..]}' is not understood.");
            }

            if (token.Groups["operator"].Success || token.Groups["word"].Success)
            {
                yield return (token.Value, token.Groups["operator"].Success);
            }

            at += token.Length;
        }
    }

    private static string Unquote(string word) => Quoted().Replace(
        word,
        match => match.Groups["single"].Success ? match.Groups["single"].Value
            : match.Groups["escaped"].Success ? match.Groups["escaped"].Value
            : EscapedInDoubleQuotes().Replace(match.Groups["double"].Value, "$1"));

    [GeneratedRegex("""\G(?:\s+|\#.*|(?<operator>&&|[|;<>])|(?<word>(?:'[^']*'|"(?:\\.|[^"\\$`])*"|\\.|[^\s'"\\|;<>&()$`])+))""")]
    private static partial Regex Token();

    [GeneratedRegex("""'(?<single>[^']*)'|"(?<double>(?:\\.|[^"\\])*)"|\\(?<escaped>.)""")]
    private static partial Regex Quoted();

    [GeneratedRegex("""\\(["\\$`])""")]
    private static partial Regex EscapedInDoubleQuotes();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*=")]
    private static partial Regex Assignment();
}
