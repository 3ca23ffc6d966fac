using System.Diagnostics;
using System.Text.Json;
using IlZo.Backends;
using IlZo.Backends.Cpu;

namespace IlZo.Cli;

/// <summary>
/// Whether tiles work on this machine, found by <c>ilzo selftest --engine amx</c> in a process of its own: what that cannot catch is a
/// crash.
/// </summary>
internal static class EngineTrial
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private static readonly Lazy<string?> s_failure = new(() =>
        SiblingProgram.Find(SiblingProgram.Main) is { } main
            ? Run(main.File, [.. main.Arguments, "selftest", "--engine", "amx", "--json"])
            : $"the program {SiblingProgram.Main}, which tests it, does not lie beside this one");

    /// <summary>What failed, as a part of a sentence; null where nothing did. Tried once.</summary>
    public static string? Failure() => s_failure.Value;

    /// <summary>What a request means on this CPU; says so in a line where auto would be tiles and they fail.</summary>
    public static EngineRequest Resolve(EngineRequest request)
    {
        var resolved = EngineChoice.ResolveAuto(request, Failure);
        if (s_failure is { IsValueCreated: true, Value: { } failure })
        {
            Terminal.Say($"ilzo: the amx engine is not used because {failure}.");
        }

        return resolved;
    }

    /// <summary>Runs a self-test that prints its checks as JSON.</summary>
    public static string? Run(string program, IReadOnlyList<string> arguments)
    {
        using var process =
            Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(s_limit))
        {
            process.Kill();
            return $"its self-test did not end within {s_limit.TotalSeconds} seconds";
        }

        return process.ExitCode == 0 ? null : FailedCheck(output.Result) ?? $"its self-test ended with exit code {process.ExitCode}";
    }

    private static string? FailedCheck(string output)
    {
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var check = JsonDocument.Parse(line);
            if (!check.RootElement.GetProperty("passed").GetBoolean())
            {
                return check.RootElement.GetProperty("finding").GetString();
            }
        }

        return null;
    }
}
