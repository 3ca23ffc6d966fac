using System.CommandLine;
using System.Globalization;
using System.Text;
using IlZo.Backends;
using IlZo.Cli.Shell;
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
    /// <param name="exception">The exception.</param>
    /// <param name="suggestion">What is to be said behind that, with a space in front; or nothing.</param>
    public static int Report(Exception exception, string suggestion = "")
    {
        Terminal.EndLiveLine();
        Terminal.Say($"ilzo: {Message(exception)}{suggestion}");
        ShowLog(exception.ToString());
        return exception switch
        {
            InvalidInputException => BadInput,
            OperationCanceledException => Terminal.InterruptCode,
            _ => Work,
        };
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
        string problem = parsed.UnmatchedTokens is [var token, ..] && (token.StartsWith('-') || invoked.Subcommands.Count > 0)
            ? Suggestion.OfUnknown(token, invoked, string.Join(' ', names))
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
        OperationCanceledException => "stopped before the work was done; the same command begins it anew.",
        IOException or UnauthorizedAccessException => $"reading or writing failed: {exception.Message}",
        OutOfMemoryException => "there is not enough memory.",
        _ => $"an error of the program itself: {exception.GetType().Name}, {exception.Message} ({DebugVariable}=1 shows more.)",
    };
}
