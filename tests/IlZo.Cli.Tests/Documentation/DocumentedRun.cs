namespace IlZo.Cli.Tests.Documentation;

/// <summary>Runs the commands of a page one after another, as a shell would.</summary>
/// <param name="folder">The folder where they run.</param>
internal sealed class DocumentedRun(string folder)
{
    private string _output = string.Empty;

    /// <summary>The programs besides <c>ilzo</c>.</summary>
    public static IReadOnlyList<string> Programs { get; } = ["printf"];

    /// <summary>Runs a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="asWritten">Whether its numbers stay as they are; those of <see cref="ShortCommand"/> take seconds.</param>
    public Outcome Run(DocumentedCommand command, bool asWritten = false)
    {
        var outcome = Outcome(command, asWritten);
        _output = outcome.Output;
        if (command.Shell.OutputFile is { } output)
        {
            File.WriteAllText(Path.Combine(folder, output), _output);
        }

        return outcome;
    }

    private Outcome Outcome(DocumentedCommand command, bool asWritten)
    {
        string[] words = [.. command.Shell.Words.Skip(1).SelectMany(Files)];
        string[] arguments = asWritten ? words : ShortCommand.Of(command, words);
        bool hasInput = command.Shell.IsPiped || command.Shell.InputFile is not null || command.Typed.Count > 0;
        if (command.IsIlzo && !hasInput && command.Shell.Variables.Count == 0)
        {
            return Ilzo.RunIn(folder, arguments);
        }

        var start = Ilzo.Command(folder, arguments);
        if (!command.IsIlzo)
        {
            start.FileName = command.Words[0];
            start.ArgumentList.Clear();
            Array.ForEach(words, start.ArgumentList.Add);
        }

        foreach (string variable in command.Shell.Variables)
        {
            start.Environment[variable.Split('=')[0]] = variable[(variable.IndexOf('=') + 1)..];
        }

        string input = command.Shell.IsPiped ? _output
            : command.Shell.InputFile is { } file ? File.ReadAllText(Path.Combine(folder, file))
            : string.Concat(command.Typed.Select(line => $"{line}\n"));
        return Ilzo.RunWithInput(input, start);
    }

    // What a word comes to: the paths that a pattern fits.
    private IEnumerable<string> Files(ShellWord word) => word.IsPattern
        ? Directory.GetFileSystemEntries(folder, word.Text).Select(p => Path.GetRelativePath(folder, p)).Order(StringComparer.Ordinal)
        : [word.Text];
}
