using System.Diagnostics;
using System.Runtime.InteropServices;

namespace IlZo.Cluster.Tests.Processes;

/// <summary>Stops processes for a while.</summary>
internal static partial class Signals
{
    private const int StopSignal = 19;
    private const int ContinueSignal = 18;

    /// <summary>Stops a process without closing what it has open.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool Freeze(this Process process) => Send(process.Id, StopSignal) == 0;

    /// <summary>Has it go on.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool Continue(this Process process) => Send(process.Id, ContinueSignal) == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
