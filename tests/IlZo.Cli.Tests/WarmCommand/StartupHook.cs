using System.IO.Pipes;
using System.Reflection;

/// <summary>
/// What .NET runs in front of the program where <c>DOTNET_STARTUP_HOOKS</c> names this assembly: the program's own entry point, again and
/// again, for <see cref="IlZo.Cli.Tests.WarmIlzo"/>. Nothing here may need an assembly that the program has not.
/// </summary>
internal static class StartupHook
{
    /// <summary>Names the pipe through which command lines come; unset, the program runs as ever.</summary>
    public const string PipeVariable = "ILZO_TEST_PIPE";

    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(PipeVariable) is not { } name)
        {
            return;
        }

        // Programs that the command starts are to be themselves.
        Environment.SetEnvironmentVariable(PipeVariable, null);
        Environment.SetEnvironmentVariable("DOTNET_STARTUP_HOOKS", null);
        var main = Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, "ilzo.dll")).EntryPoint!.CreateDelegate<Func<string[], int>>();
        using var pipe = new NamedPipeClientStream(".", name, PipeDirection.InOut);
        pipe.Connect();
        using var requests = new BinaryReader(pipe);
        using var answers = new BinaryWriter(pipe);
        byte[] end = requests.ReadBytes(16);
        while (Request(requests) is [var folder, .. var args])
        {
            Environment.CurrentDirectory = folder;
            int exit = main(args);

            // The end of a process closes what was left open, and its folder can be deleted.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Environment.CurrentDirectory = Path.GetTempPath();
            answers.Write(exit);
            End(Console.OpenStandardOutput(), end);
            End(Console.OpenStandardError(), end);
        }

        Environment.Exit(0);
    }

    // The folder and the arguments of a command, or nothing where the tests have ended.
    private static string[] Request(BinaryReader requests)
    {
        try
        {
            return [.. Enumerable.Range(0, requests.ReadInt32()).Select(_ => requests.ReadString())];
        }
        catch (EndOfStreamException)
        {
            return [];
        }
    }

    private static void End(Stream stream, byte[] end)
    {
        using (stream)
        {
            stream.Write(end);
        }
    }
}
