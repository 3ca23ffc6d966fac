using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Spectre.Console;

namespace IlZo.Cli;

/// <summary>The two outputs: results on standard output, everything else on standard error.</summary>
internal static class Terminal
{
    private const int UnknownWidth = 79;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);
    private static bool s_live;
    private static Exception? s_lost;

    /// <summary>The exit code of work that Ctrl+C has ended: 128 and the number of its signal.</summary>
    public const int CtrlCCode = 128 + 2;

    /// <summary>The exit code of work that a signal has ended.</summary>
    public static int InterruptCode { get; private set; } = CtrlCCode;

    /// <summary>Standard output: UTF-8 without a byte-order mark, lines ended by a line feed.</summary>
    public static TextWriter Results { get; private set; } = TextWriter.Null;

    /// <summary>Standard error.</summary>
    public static TextWriter Messages { get; private set; } = TextWriter.Null;

    /// <summary>Opens the outputs.</summary>
    public static void Prepare()
    {
        Results = new StreamWriter(Console.OpenStandardOutput(), s_utf8) { NewLine = "\n" };
        Messages = new StreamWriter(Console.OpenStandardError(), s_utf8) { NewLine = "\n", AutoFlush = true };
    }

    /// <summary>Writes a line of messages, with control characters escaped.</summary>
    public static void Say(string line)
    {
        EndLiveLine();
        WriteMessage(Failure.OneLine(line) + "\n");
    }

    /// <summary>
    /// Writes messages as they are, after the results so far: where both outputs are one file, a message must not stand inside a result.
    /// Work does not depend on messages, so it goes on where they cannot be written.
    /// </summary>
    public static void WriteMessage(string text)
    {
        try
        {
            Results.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Results are lost, which EndResults says; a message about something else must come through first.
            s_lost ??= e;
        }

        try
        {
            Messages.Write(text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk below a redirected output, or one that is closed; there is no other place to say it.
        }
    }

    /// <summary>Writes what there is of results.</summary>
    /// <exception cref="IOException">Some could not be written, now or before.</exception>
    public static void EndResults()
    {
        if (s_lost is { } lost)
        {
            throw new IOException(lost.Message, lost);
        }

        Results.Flush();
    }

    /// <summary>Rewrites the last line of the terminal; only where standard error is one.</summary>
    /// <param name="forms">What to say, from the longest form to the shortest; the first that fits is taken.</param>
    public static void SayLive(params ReadOnlySpan<string> forms)
    {
        // Some terminals do not say how wide they are.
        int width = Console.BufferWidth is > 0 and int columns ? columns - 1 : UnknownWidth;
        string line = forms[^1];
        for (int i = forms.Length - 1; i >= 0 && forms[i].Length <= width; i--)
        {
            line = forms[i];
        }

        WriteMessage($"\r{(line.Length > width ? line[..width] : line)}\u001b[K");
        s_live = true;
    }

    /// <summary>Leaves the line that <see cref="SayLive"/> wrote as it is.</summary>
    public static void EndLiveLine()
    {
        if (s_live)
        {
            s_live = false;
            WriteMessage("\n");
        }
    }

    /// <summary>Prints a table of names and values.</summary>
    public static void PrintTable(IEnumerable<(string Name, string Value)> rows)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn(new GridColumn().NoWrap());
        foreach (var (name, value) in rows)
        {
            grid.AddRow(new Text(Failure.OneLine(name)), new Text(Failure.OneLine(value)));
        }

        Print(grid);
    }

    /// <summary>Prints one JSON object on a line of its own.</summary>
    public static void PrintJson(Action<Utf8JsonWriter> fields) => Results.WriteLine(Json.Object(fields));

    // Lines are never wrapped: paths and hashes are there to be copied.
    private static void Print(Grid grid)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = 4096;
        console.Write(grid);
        foreach (string line in text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Results.WriteLine(line.TrimEnd());
        }
    }

    /// <summary>A token that is cancelled by Ctrl+C or SIGTERM; a second one ends the process at once.</summary>
    public static Interruption OnInterrupt() => new();

    /// <summary>Listens for the signals that ask a process to end.</summary>
    internal sealed class Interruption : IDisposable
    {
        private readonly CancellationTokenSource _source = new();
        private readonly PosixSignalRegistration[] _registrations;

        public Interruption()
        {
            _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(s => PosixSignalRegistration.Create(s, Handle))];
        }

        public CancellationToken Token => _source.Token;

        public void Dispose()
        {
            foreach (var registration in _registrations)
            {
                registration.Dispose();
            }

            _source.Dispose();
        }

        private void Handle(PosixSignalContext context)
        {
            context.Cancel = !_source.IsCancellationRequested;
            InterruptCode = context.Signal == PosixSignal.SIGTERM ? 128 + 15 : CtrlCCode;
            _source.Cancel();
        }
    }
}
