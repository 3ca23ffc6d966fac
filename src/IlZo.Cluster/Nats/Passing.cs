using System.Net.Sockets;
using System.Security.Authentication;
using NATS.Client.Core;

namespace IlZo.Clusters.Nats;

/// <summary>What goes wrong while a server is away, and how long to wait before it is tried again.</summary>
internal static class Passing
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>The first wait; it is doubled up to 2 seconds.</summary>
    public static TimeSpan First { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The wait behind this one.</summary>
    public static TimeSpan Next(TimeSpan wait) => 2 * wait < Longest ? 2 * wait : Longest;

    /// <summary>Whether it may be right when it is tried again.</summary>
    public static bool Is(Exception e) => e switch
    {
        NatsException or SocketException or AuthenticationException or TimeoutException => true,
        OperationCanceledException or ObjectDisposedException => true,
        IOException => e.InnerException is SocketException,
        _ => false,
    };

    /// <summary>Tries something until it is done, a while long.</summary>
    /// <param name="connection">Where the servers are, for the message.</param>
    /// <param name="patience">How long.</param>
    /// <param name="work">What is tried.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InvalidInputException">It could not be done in that time.</exception>
    public static async Task<T> WithinAsync<T>(
        ClusterConnection connection, TimeSpan patience, Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        long until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        for (var wait = First; ; wait = Next(wait))
        {
            try
            {
                return await work(cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (Is(e) && !cancellation.IsCancellationRequested)
            {
                if (Environment.TickCount64 + (long)wait.TotalMilliseconds > until)
                {
                    throw new InvalidInputException(
                        $"{ClusterAddress.Flag} {connection.Address} cannot be used: no server answered within {patience.TotalSeconds} s "
                        + $"({Cause(e)}).",
                        e);
                }

                await Task.Delay(wait, cancellation).ConfigureAwait(false);
            }
        }
    }

    private static string Cause(Exception e) => e.InnerException is { } inner ? Cause(inner) : e.Message.TrimEnd('.');
}
