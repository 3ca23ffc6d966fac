using System.Diagnostics;

namespace IlZo.Server.Tests;

/// <summary>The programs themselves: <c>ilzo serve</c> and <c>ilzo-serve</c>.</summary>
public sealed class ProgramTests
{
    [Theory]
    [InlineData("ilzo.dll serve", "TERM", 0)]
    [InlineData("ilzo-serve.dll", "TERM", 0)]
    [InlineData("ilzo.dll serve", "INT", 130)]
    public async Task A_program_serves_until_a_signal_ends_it(string program, string signal, int exitCode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such signals.");
        Assert.SkipWhen(signal == "INT" && IsInterruptIgnored(), "Ctrl+C is ignored here, as in the background of a shell.");
        using var process = Start([.. program.Split(' '), "--model", TestServer.Folder, "--port", "0", "--threads", "1"]);
        string? address = await process.StandardOutput.ReadLineAsync();
        var errors = process.StandardError.ReadToEndAsync();
        Assert.Matches("^http://127.0.0.1:[0-9]+/v1$", address);
        using (var client = new HttpClient())
        {
            Assert.Contains("\"id\":\"stories260K\"", await client.GetStringAsync($"{address}/models"), StringComparison.Ordinal);
        }

        using (var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        await process.WaitForExitAsync();
        Assert.Equal(exitCode, process.ExitCode);
        Assert.Contains("serving stories260K (no chat template), texts of up to 512 tokens", await errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ilzo.dll serve", "--host 0.0.0.0", "--host is 0.0.0.0, where other machines reach the server, and there is no key; ")]
    [InlineData("ilzo-serve.dll", "--adapter b=missing", "'missing' has no adapter_config.json; ")]
    public void What_cannot_be_served_is_refused_before_it_is(string program, string options, string message)
    {
        using var process = Start([.. program.Split(' '), "--model", TestServer.Folder, .. options.Split(' ')]);
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(2, process.ExitCode);
        Assert.StartsWith($"ilzo: {message}", errors, StringComparison.Ordinal);
        Assert.Single(errors, '\n');
    }

    [Fact]
    public void Wrong_usage_is_that_of_the_command()
    {
        using var process = Start(["ilzo-serve.dll", "--prot", "1"]);
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal("ilzo: '--prot' is not an option of 'ilzo serve'. Did you mean --port?\nTry 'ilzo serve --help'.\n", errors);
    }

    private static Process Start(string[] words)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, words[0]), .. words[1..]])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("ILZO_API_KEY");
        return Process.Start(start)!;
    }

    // The signals that this process ignores are ignored by those that it starts.
    private static bool IsInterruptIgnored() =>
        File.Exists("/proc/self/status") && File.ReadLines("/proc/self/status").Any(
            line => line.StartsWith("SigIgn:", StringComparison.Ordinal) && (Convert.ToUInt64(line[7..].Trim(), 16) & 2) != 0);
}
