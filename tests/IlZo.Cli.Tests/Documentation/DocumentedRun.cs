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
        string[] arguments = [.. command.Shell.Words.Skip(1).SelectMany(Files)];
        var start = Ilzo.Command(folder, asWritten ? arguments : ShortCommand.Of(command, arguments));
        if (!command.IsIlzo)
        {
            start.FileName = command.Words[0];
            start.ArgumentList.Clear();
            Array.ForEach(arguments, start.ArgumentList.Add);
        }

        foreach (string variable in command.Shell.Variables)
        {
            start.Environment[variable.Split('=')[0]] = variable[(variable.IndexOf('=') + 1)..];
        }

        string input = command.Shell.IsPiped ? _output
            : command.Shell.InputFile is { } file ? File.ReadAllText(Path.Combine(folder, file))
            : string.Concat(command.Typed.Select(line => $"{line}\n"));
        var outcome = Ilzo.RunWithInput(input, start);
        _output = outcome.Output;
        if (command.Shell.OutputFile is { } output)
        {
            File.WriteAllText(Path.Combine(folder, output), _output);
        }

        return outcome;
    }

    // What a word comes to: the paths that a pattern fits.
    private IEnumerable<string> Files(ShellWord word) => word.IsPattern
        ? Directory.GetFileSystemEntries(folder, word.Text).Select(p => Path.GetRelativePath(folder, p)).Order(StringComparer.Ordinal)
        : [word.Text];
}
