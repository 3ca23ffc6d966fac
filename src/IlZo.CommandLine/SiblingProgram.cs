using System.Runtime.InteropServices;

namespace IlZo.Cli;

/// <summary>IlZo's programs lie in one folder, as git's do, and start one another.</summary>
internal static partial class SiblingProgram
{
    /// <summary>The program with all commands.</summary>
    public const string Main = "ilzo";

    /// <summary>The program that serves models.</summary>
    public const string Serving = "ilzo-serve";

    /// <summary>How to start a program that lies beside this one; null where it does not.</summary>
    /// <param name="name">Its name.</param>
    public static (string File, IReadOnlyList<string> Arguments)? Find(string name)
    {
        // The dotnet host runs assemblies.
        string process = Environment.ProcessPath!;
        string path = Path.Combine(AppContext.BaseDirectory, name);
        return Path.GetFileNameWithoutExtension(process) == "dotnet"
            ? File.Exists($"{path}.dll") ? (process, [$"{path}.dll"]) : null
            : File.Exists(path + Path.GetExtension(process)) ? (path + Path.GetExtension(process), []) : null;
    }

    /// <summary>
    /// Runs a program in the place of this one: inputs, outputs, signals and the exit code are its own. Where a process cannot become
    /// another program, this one waits for it.
    /// </summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="IOException">It cannot be started.</exception>
    public static int Become(string file, IReadOnlyList<string> arguments)
    {
        Terminal.EndResults();
        if (!OperatingSystem.IsWindows())
        {
            _ = Execute(file, [file, .. arguments, null]);
            throw new IOException($"'{file}' cannot be started: {Marshal.GetLastPInvokeErrorMessage()}.");
        }

        // A console tells both programs of Ctrl+C; what becomes of it is decided there.
        using var ignored = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var program = System.Diagnostics.Process.Start(file, arguments);
        program.WaitForExit();
        return program.ExitCode;
    }

    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Execute(string path, string?[] arguments);
}
