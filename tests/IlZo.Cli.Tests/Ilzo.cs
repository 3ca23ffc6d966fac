using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>What a run of the command left.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
public sealed record Outcome(int ExitCode, string Output, string Errors)
{
    /// <summary>Standard output, of a run that must have succeeded.</summary>
    public string Success => ExitCode == 0 ? Output : throw new InvalidOperationException($"Exit code {ExitCode}: {Errors}");

    /// <summary>Standard output as one JSON object in one line, of a run that must have succeeded.</summary>
    public JsonElement Json
    {
        get
        {
            Assert.EndsWith("}\n", Success, StringComparison.Ordinal);
            Assert.Single(Success, '\n');
            using var document = JsonDocument.Parse(Success);
            return document.RootElement.Clone();
        }
    }

    /// <summary>The message of a refusal: one line on standard error, nothing on standard output.</summary>
    public string Refusal(int exitCode)
    {
        Assert.Equal(string.Empty, Output);
        Assert.StartsWith("ilzo: ", Errors, StringComparison.Ordinal);
        Assert.EndsWith("\n", Errors, StringComparison.Ordinal);
        Assert.Single(Errors, '\n');
        Assert.DoesNotContain("   at ", Errors, StringComparison.Ordinal);
        Assert.Equal(exitCode, ExitCode);
        return Errors["ilzo: ".Length..^1];
    }
}

/// <summary>Runs the command as a process.</summary>
public static partial class Ilzo
{
    private static readonly string s_assembly = Path.Combine(AppContext.BaseDirectory, "ilzo.dll");

    /// <summary>Runs <c>ilzo</c> in a process of its own and waits for its end.</summary>
    public static Outcome RunAlone(params string[] args) => Run(Command(null, args));

    /// <summary>Runs <c>ilzo</c> with a variable of its environment set.</summary>
    /// <param name="variable">NAME=VALUE.</param>
    /// <param name="args">The arguments.</param>
    public static Outcome RunWith(string variable, params string[] args)
    {
        var command = Command(null, args);
        string[] parts = variable.Split('=', 2);
        command.Environment[parts[0]] = parts[1];
        return Run(command);
    }

    /// <summary>Runs a command of <see cref="Command"/> and waits for its end.</summary>
    public static Outcome Run(ProcessStartInfo command)
    {
        using var process = Process.Start(command)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Outcome(process.ExitCode, output, errors.Result);
    }

    /// <summary>Runs <c>ilzo</c> with a text as its standard input.</summary>
    public static Outcome RunWithInput(string input, params string[] args) => RunWithInput(input, Command(null, args));

    /// <summary>Runs a command of <see cref="Command"/> with a text as its standard input and waits for its end.</summary>
    public static Outcome RunWithInput(string input, ProcessStartInfo command)
    {
        command.RedirectStandardInput = true;
        command.StandardInputEncoding = new UTF8Encoding(false, true);
        using var process = Process.Start(command)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading all of it.
        }

        process.WaitForExit();
        return new Outcome(process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Starts <c>ilzo</c>; both outputs are redirected and must be read.</summary>
    public static Process Start(string? folder, params string[] args) => Process.Start(Command(folder, args))!;

    /// <summary>How to start <c>ilzo</c>; both outputs are redirected.</summary>
    public static ProcessStartInfo Command(string? folder, params string[] args) => new("dotnet", [s_assembly, .. args])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        StandardOutputEncoding = new UTF8Encoding(false, true),
        StandardErrorEncoding = new UTF8Encoding(false, true),
        WorkingDirectory = folder ?? Path.GetTempPath(),
    };

    /// <summary>The shell's word for the command, for tests of pipes and redirections.</summary>
    public static string ShellCommand => $"dotnet '{s_assembly}'";
}
