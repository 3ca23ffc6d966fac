using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using IlZo.Cluster.Tests.Processes;
using IlZo.Clusters.Nats;
using NATS.Client.Core;

namespace IlZo.Cluster.Tests.Nats;

/// <summary>
/// A real NATS server with JetStream, on a free port of this machine, which can be killed, started again and stopped for a while. Tests are
/// skipped where there is none.
/// </summary>
public sealed class NatsServer : IDisposable
{
    private const string Variable = "ILZO_NATS_SERVER";

    private readonly TempFolder _folder = new();
    private readonly string _program;
    private readonly string[] _arguments;
    private Process? _process;

    /// <summary>Tests wait on threads of the pool, which then has none for answers where there are as few cores as one.</summary>
    static NatsServer() => ThreadPool.SetMinThreads(32, 32);

    /// <summary>Starts one.</summary>
    /// <param name="config">Further lines of its configuration.</param>
    /// <param name="jetStream">Whether it keeps streams.</param>
    public NatsServer(string config = "", bool jetStream = true)
    {
        string? program = Find();
        Assert.SkipWhen(program is null, $"There is no nats-server: neither {Variable}, nor in PATH, nor /usr/sbin/nats-server.");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent to the server.");
        _program = program!;
        Port = FreePort();
        File.WriteAllText(_folder["server.conf"], config);
        string[] store = jetStream ? ["-js", "-sd", _folder["store"]] : [];
        _arguments = ["-c", _folder["server.conf"], "-a", "127.0.0.1", "-p", $"{Port}", .. store];
        Start();
    }

    public int Port { get; }

    public ClusterConnection Connection => new(ClusterAddress.Parse($"nats://127.0.0.1:{Port}"));

    public NatsChannel Open(string run, bool create = true) => NatsChannel.Open(Connection, run, create);

    /// <summary>Waits until there is a run.</summary>
    /// <returns>Its ID.</returns>
    public string Run()
    {
        using var limit = new CancellationTokenSource(Waits.Long);
        while (true)
        {
            if (NatsRuns.List(Connection, limit.Token) is [var run])
            {
                return run.Run;
            }
        }
    }

    /// <summary>Starts it, and waits until it says that it is ready.</summary>
    public void Start()
    {
        _process = Process.Start(new ProcessStartInfo(_program, _arguments) { RedirectStandardError = true })!;
        var log = new ConcurrentQueue<string>();
        var ready = new TaskCompletionSource<bool>();
        _process.ErrorDataReceived += (_, line) =>
        {
            // To the end: a pipe that nobody reads fills up.
            log.Enqueue(line.Data ?? "");
            if (line.Data is null || line.Data.Contains("Server is ready", StringComparison.Ordinal))
            {
                ready.TrySetResult(line.Data is not null);
            }
        };
        _process.BeginErrorReadLine();
        Assert.True(ready.Task.Wait(Waits.Long) && ready.Task.Result, string.Join('\n', log));
    }

    /// <summary>A connection that does what no worker does.</summary>
    public NatsConnection Stranger() => new(NatsOpts.Default with { Url = Connection.Address.Servers });

    /// <summary>Ends it as a power failure would, except that what was written is there.</summary>
    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Stops it without closing its connections.</summary>
    public void Freeze() => Assert.True(_process!.Freeze());

    /// <summary>Has it go on.</summary>
    public void Continue() => Assert.True(_process!.Continue());

    /// <summary>Copies what a server that does not run keeps.</summary>
    public void SaveStore(string to) => Copy(_folder["store"], to);

    /// <summary>Puts back what a server that does not run kept before.</summary>
    public void RestoreStore(string from)
    {
        DeleteStore();
        Copy(from, _folder["store"]);
    }

    /// <summary>Deletes all that a server that does not run keeps.</summary>
    public void DeleteStore() => Directory.Delete(_folder["store"], recursive: true);

    public void Dispose()
    {
        if (_process is not null)
        {
            Kill();
        }

        _folder.Dispose();
    }

    private static string? Find()
    {
        string[] places =
        [
            Environment.GetEnvironmentVariable(Variable) ?? "",
            .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(p => Path.Combine(p, "nats-server")),
            "/usr/sbin/nats-server",
        ];
        return places.FirstOrDefault(File.Exists);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }
    }
}
