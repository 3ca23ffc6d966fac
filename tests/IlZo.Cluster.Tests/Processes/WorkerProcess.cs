using System.Diagnostics;
using System.Text;

namespace IlZo.Cluster.Tests.Processes;

/// <summary>A worker as users have it: the command <c>ilzo</c>, which can be killed, or stopped for a while.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _said = new();

    /// <param name="arguments">Its arguments.</param>
    public WorkerProcess(params string[] arguments)
        : this(null, arguments)
    {
    }

    /// <param name="without">Instructions that it does without, as the runtime calls them; null for none.</param>
    /// <param name="arguments">Its arguments.</param>
    public WorkerProcess(string? without, string[] arguments)
    {
        var command = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "ilzo.dll"), .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        if (without is not null)
        {
            command.Environment[$"DOTNET_Enable{without}"] = "0";
        }

        _process = Process.Start(command)!;
        _process.OutputDataReceived += Hear;
        _process.ErrorDataReceived += Hear;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool HasEnded => _process.HasExited;

    /// <summary>What it has written so far.</summary>
    public string Said
    {
        get
        {
            lock (_said)
            {
                return $"{_said}";
            }
        }
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public int Wait()
    {
        Assert.True(_process.WaitForExit(TimeSpan.FromMinutes(5)), $"A worker did not end: {Said}");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>Ends it between two instructions.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Freeze() => _process.Freeze();

    public void Continue() => _process.Continue();

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    private void Hear(object sender, DataReceivedEventArgs line)
    {
        lock (_said)
        {
            _said.Append(line.Data).Append('\n');
        }
    }
}
