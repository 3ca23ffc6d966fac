using System.Diagnostics;

namespace IlZo.Cli.Tests;

/// <summary>
/// Which libraries the dynamic loader is asked for. The framework calls OpenSSL for hashes and random seeds and ends the process where it
/// is missing, as in small containers; a machine that runs the binary need not have it.
/// </summary>
public sealed class NativeLibraryTests
{
    [Fact]
    public void No_command_needs_OpenSSL()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads the messages of Linux's dynamic loader.");
        using var temp = new TempFolder();
        string run = temp["run"];
        string[][] commands =
        [
            TinyRun.Command(1, "--run", run),
            ["replay", "--run", run, "--out", temp["replayed"]],
            ["export", "--run", run, "--out", temp["exported"]],
            ["score", "--text", "good"],
            ["inspect", "builtin", "--json"],
            ["ls", "tasks"],
            ["eval", "--test-size", "2"],
        ];
        foreach (string[] command in commands)
        {
            string messages = LoaderMessages(command);
            Assert.SkipUnless(messages.Contains("libSystem.Native.so", StringComparison.Ordinal), "The loader tells nothing.");
            Assert.DoesNotContain("libssl", messages, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("OpenSsl", messages, StringComparison.OrdinalIgnoreCase);
        }
    }

    private static string LoaderMessages(string[] command)
    {
        var info = Ilzo.Command(null, command);
        info.Environment["LD_DEBUG"] = "files";
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        string messages = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output.Result + messages[^Math.Min(messages.Length, 500)..]);
        return messages;
    }
}
