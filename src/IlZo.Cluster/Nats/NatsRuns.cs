using System.Globalization;

namespace IlZo.Clusters.Nats;

/// <summary>What a server has of a run.</summary>
/// <param name="Run">Its ID.</param>
/// <param name="Entries">Entries in its log.</param>
/// <param name="Bytes">What they take on the server.</param>
/// <param name="First">When the first of them came. Null: there is none.</param>
/// <param name="Last">When the last of them came. Null: there is none.</param>
public sealed record NatsRun(string Run, long Entries, long Bytes, DateTimeOffset? First, DateTimeOffset? Last);

/// <summary>The runs that servers have logs of.</summary>
public static class NatsRuns
{
    /// <summary>Lists them by ID.</summary>
    /// <param name="connection">Where the servers are.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InvalidInputException">No server can be used; one sentence, as that of <see cref="NatsChannel.Open"/>.</exception>
    public static IReadOnlyList<NatsRun> List(ClusterConnection connection, CancellationToken cancellation = default) =>
        Task.Run(() => TryAsync(connection, cancellation), cancellation).GetAwaiter().GetResult();

    private static Task<IReadOnlyList<NatsRun>> TryAsync(ClusterConnection connection, CancellationToken cancellation) =>
        Passing.WithinAsync(connection, NatsChannel.StartTime, token => ListAsync(connection, token), cancellation);

    private static async Task<IReadOnlyList<NatsRun>> ListAsync(ClusterConnection connection, CancellationToken cancellation)
    {
        await using var session = await NatsSession.OpenAsync(connection, cancellation).ConfigureAwait(false);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(session.Ended, cancellation);
        try
        {
            return await ListAsync(session, either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (Passing.Is(e))
        {
            session.ThrowIfDenied();
            throw;
        }
    }

    private static async Task<IReadOnlyList<NatsRun>> ListAsync(NatsSession session, CancellationToken cancellation)
    {
        var runs = new List<NatsRun>();
        await foreach (var stream in session.JetStream.ListStreamsAsync(cancellationToken: cancellation).ConfigureAwait(false))
        {
            if (stream.Info.Config.Name is { } name && RunNames.RunOf(name) is { } run
                && RunNames.AreOf(run, stream.Info.Config.Subjects))
            {
                var state = stream.Info.State;
                bool any = state.Messages > 0;
                var (first, last) = any ? (Time(state.FirstTs), Time(state.LastTs)) : default;
                runs.Add(new NatsRun(run, (long)state.LastSeq, state.Bytes, first, last));
            }
        }

        runs.Sort((a, b) => string.CompareOrdinal(a.Run, b.Run));
        return runs;
    }

    private static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;
}
