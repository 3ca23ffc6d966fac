using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Pipes;
using System.Text;

namespace IlZo.Cli.Tests;

/// <summary>
/// A process of the command that runs one command line after another: what takes a new one longest, to compile what it uses, is done once.
/// Arguments, working folder, outputs and exit code are those of a process of its own; standard input is not there to be used.
/// </summary>
internal sealed class WarmIlzo : IDisposable
{
    // As many as there are tests that run at the same time. They end with this process, whose pipes they read from.
    private static readonly ConcurrentBag<WarmIlzo> s_idle = [];

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // What ends the outputs of a command, and no command writes.
    private readonly byte[] _end = Guid.NewGuid().ToByteArray();
    private readonly NamedPipeServerStream _pipe;
    private readonly BinaryWriter _requests;
    private readonly BinaryReader _answers;
    private readonly Process _process;

    private WarmIlzo()
    {
        string name = $"ilzo-test-{Guid.NewGuid():N}";
        _pipe = new NamedPipeServerStream(name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
        var command = Ilzo.Command(null);
        command.Environment["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location;
        command.Environment[StartupHook.PipeVariable] = name;
        command.RedirectStandardInput = true;
        _process = Process.Start(command)!;

        // Nothing to read for a command that asks.
        _process.StandardInput.Close();
        var connected = _pipe.WaitForConnectionAsync();
        if (Task.WaitAny(connected, _process.WaitForExitAsync()) != 0)
        {
            throw new InvalidOperationException($"The command ended: {_process.StandardError.ReadToEnd()}");
        }

        connected.GetAwaiter().GetResult();
        _requests = new BinaryWriter(_pipe);
        _answers = new BinaryReader(_pipe);
        _requests.Write(_end);
    }

    /// <summary>Runs a command line in a process that no other test uses at the time.</summary>
    /// <param name="folder">Where it runs, or null.</param>
    /// <param name="args">The arguments.</param>
    public static Outcome Run(string? folder, string[] args)
    {
        var ilzo = s_idle.TryTake(out var idle) ? idle : new WarmIlzo();
        var (outcome, isAlive) = ilzo.Run(folder ?? Path.GetTempPath(), args);
        if (isAlive)
        {
            s_idle.Add(ilzo);
        }
        else
        {
            ilzo.Dispose();
        }

        return outcome;
    }

    public void Dispose()
    {
        _pipe.Dispose();
        _process.Dispose();
    }

    // A command may end its process, as one that runs alone may.
    private (Outcome Outcome, bool IsAlive) Run(string folder, IReadOnlyList<string> args)
    {
        _requests.Write(args.Count + 1);
        _requests.Write(folder);
        foreach (string word in args)
        {
            _requests.Write(word);
        }

        _requests.Flush();
        var output = Task.Run(() => Read(_process.StandardOutput.BaseStream));
        var errors = Task.Run(() => Read(_process.StandardError.BaseStream));
        Task.WaitAll(output, errors);
        bool isAlive = output.Result.IsEnded && errors.Result.IsEnded;
        if (!isAlive)
        {
            _process.WaitForExit();
        }

        return (new Outcome(isAlive ? _answers.ReadInt32() : _process.ExitCode, output.Result.Text, errors.Result.Text), isAlive);
    }

    private (string Text, bool IsEnded) Read(Stream stream)
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        while (!IsEnded(all) && stream.Read(buffer) is > 0 and int count)
        {
            all.Write(buffer, 0, count);
        }

        bool isEnded = IsEnded(all);
        return (s_utf8.GetString(all.GetBuffer(), 0, (int)all.Length - (isEnded ? _end.Length : 0)), isEnded);
    }

    private bool IsEnded(MemoryStream all) => all.GetBuffer().AsSpan(0, (int)all.Length).EndsWith(_end);
}
