using System.Diagnostics;

namespace IlZo.Fuzz.Kills;

/// <summary>Runs the command as it is built for users: the copy beside this program counts its branches.</summary>
internal sealed class IlzoProcess
{
    private readonly string _assembly;

    public IlzoProcess()
    {
        // tests/IlZo.Fuzz/bin/Release/net10.0 and src/IlZo.Cli/bin/Release/net10.0 end alike.
        string ending = Path.GetRelativePath(Path.Combine(Repository, "tests", "IlZo.Fuzz"), AppContext.BaseDirectory);
        _assembly = Path.Combine(Repository, "src", "IlZo.Cli", ending, "ilzo.dll");
    }

    /// <summary>The folder of the solution.</summary>
    public static string Repository { get; } = Find(AppContext.BaseDirectory);

    /// <summary>Runs a command that must succeed.</summary>
    public void Succeed(params string[] arguments)
    {
        var (exitCode, errors, _) = Run(arguments, null);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"'ilzo {string.Join(' ', arguments)}' ended with exit code {exitCode}: {errors}");
        }
    }

    /// <summary>Runs a command and kills it after some time, unless it has ended before.</summary>
    /// <returns>Its exit code, what it said, and whether it was killed.</returns>
    public (int ExitCode, string Errors, bool Killed) Run(string[] arguments, TimeSpan? killAfter)
    {
        var start =
            new ProcessStartInfo("dotnet", [_assembly, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        bool killed = killAfter is { } time && !process.WaitForExit(time);
        if (killed)
        {
            process.Kill();
        }

        process.WaitForExit();
        _ = output.Result;
        return (process.ExitCode, errors.Result, killed && process.ExitCode != 0);
    }

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "IlZo.sln")) ? folder : Find(Path.GetDirectoryName(folder)!);
}
