using System.CommandLine;
using System.Globalization;
using System.Text;
using IlZo.Backends;
using IlZo.Files;

namespace IlZo.Cli;

/// <summary>What the user is told when something went wrong: one line on standard error, and the exit code.</summary>
internal static class Failure
{
    /// <summary>The exit code of work that failed.</summary>
    public const int Work = 1;

    /// <summary>The exit code of wrong usage or input.</summary>
    public const int BadInput = 2;

    private const string DebugVariable = "ILZO_DEBUG";

    /// <summary>Says what an exception means and returns the exit code for it.</summary>
    public static int Report(Exception exception)
    {
        Terminal.EndLiveLine();
        Terminal.Say($"ilzo: {Message(exception)}");
        ShowLog(exception.ToString());
        return exception is InvalidInputException ? BadInput : Work;
    }

    /// <summary>Shows what a user asks for with a variable of the environment.</summary>
    public static void ShowLog(string? log)
    {
        if (log is not null && Environment.GetEnvironmentVariable(DebugVariable) == "1")
        {
            Terminal.WriteMessage($"{log}\n");
        }
    }

    /// <summary>Says what is wrong with a command line, and where help is.</summary>
    public static void ReportUsage(ParseResult parsed)
    {
        var names = new List<string>();
        for (var command = parsed.CommandResult; command is not null; command = command.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Insert(0, command.Command is RootCommand ? "ilzo" : command.Command.Name);
        }

        var invoked = parsed.CommandResult.Command;
        string problem = parsed.UnmatchedTokens is [var token, ..] && invoked.Subcommands.Count > 0 && !token.StartsWith('-')
            ? $"'{token}' is not a command; one of {string.Join(", ", invoked.Subcommands.Select(c => c.Name))} was expected."
            : parsed.Errors[0].Message;
        Terminal.Say($"ilzo: {problem}");
        Terminal.Say($"Try '{string.Join(' ', names)} --help'.");
    }

    /// <summary>Text for one line of a terminal: control characters as escapes.</summary>
    public static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            bool separator = c is '\u2028' or '\u2029';
            line.Append(char.IsControl(c) || separator ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c);
        }

        return line.ToString();
    }

    private static string Message(Exception exception) => exception switch
    {
        InvalidInputException or FileChangedException or DeviceException => exception.Message,
        OperationCanceledException => "stopped before the work was done.",
        IOException or UnauthorizedAccessException => $"reading or writing failed: {exception.Message}",
        OutOfMemoryException => "there is not enough memory.",
        _ => $"an error of the program itself: {exception.GetType().Name}, {exception.Message} ({DebugVariable}=1 shows more.)",
    };
}
