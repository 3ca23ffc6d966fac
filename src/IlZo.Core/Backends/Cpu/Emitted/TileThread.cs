using System.Runtime.ExceptionServices;
using IlZo.Machine;
using static IlZo.Machine.Libc;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// Where tile instructions may run: after Linux has granted them to the process, on threads with a <see cref="SignalStack"/>.
/// </summary>
internal static unsafe class TileThread
{
    private const nint ArchPrctl = 158;
    private const nint GetSupportedComponents = 0x1021;
    private const nint RequestPermission = 0x1023;
    private const int TileConfiguration = 17;
    private const int TileData = 18;

    /// <summary>Asks Linux for tiles, for all threads of the process. The processor must have them.</summary>
    public static bool RequestTiles()
    {
        const ulong needed = (1UL << TileConfiguration) | (1UL << TileData);
        ulong supported = 0;
        return SystemCall(ArchPrctl, GetSupportedComponents, (nint)(&supported)) == 0
            && (supported & needed) == needed
            && SystemCall(ArchPrctl, RequestPermission, TileData) == 0;
    }

    /// <summary>Runs an action on a thread of its own that may use tiles.</summary>
    public static void Run(Action action)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var stack = SignalStack.Install();
                action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }
}
