using System.Diagnostics;

namespace IlZo.Fuzz.Engine;

/// <summary>
/// Ends the process when an input takes more than two seconds of processor time, or thirty of any. Processor time, because the machine may
/// have other work.
/// </summary>
internal sealed class Watchdog
{
    private static readonly TimeSpan s_waiting = TimeSpan.FromSeconds(30);
    private long _begun;

    /// <param name="hung">Called before the end of the process.</param>
    public Watchdog(Action hung) => new Thread(() => Watch(hung)) { IsBackground = true, Priority = ThreadPriority.AboveNormal }.Start();

    /// <summary>The processor time that an input may take.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(2);

    /// <summary>An input begins; an odd number of calls of this and <see cref="End"/>.</summary>
    public void Begin() => Volatile.Write(ref _begun, _begun + 1);

    /// <summary>The input has ended.</summary>
    public void End() => Volatile.Write(ref _begun, _begun + 1);

    private void Watch(Action hung)
    {
        using var process = Process.GetCurrentProcess();
        long watched = 0;
        var clock = Stopwatch.StartNew();
        var processor = TimeSpan.Zero;
        while (true)
        {
            Thread.Sleep(50);
            long begun = Volatile.Read(ref _begun);
            process.Refresh();
            if (begun != watched)
            {
                (watched, processor) = (begun, process.TotalProcessorTime);
                clock.Restart();
            }
            else if (begun % 2 == 1 && (process.TotalProcessorTime - processor > Limit || clock.Elapsed > s_waiting))
            {
                hung();
                process.Kill();
            }
        }
    }
}
