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
        Task.Run(() => Passing.WithinAsync(connection, NatsChannel.StartTime, token => ListAsync(connection, token), cancellation), cancellation)
            .GetAwaiter().GetResult();

    private static async Task<IReadOnlyList<NatsRun>> ListAsync(ClusterConnection connection, CancellationToken cancellation)
    {
        await using var session = await NatsSession.OpenAsync(connection, cancellation).ConfigureAwait(false);
        var runs = new List<NatsRun>();
        await foreach (var stream in session.JetStream.ListStreamsAsync(cancellationToken: cancellation).ConfigureAwait(false))
        {
            if (stream.Info.Config.Name is { } name && RunNames.RunOf(name) is { } run
                && RunNames.AreOf(run, stream.Info.Config.Subjects))
            {
                var state = stream.Info.State;
                bool any = state.Messages > 0;
                runs.Add(new NatsRun(run, (long)state.LastSeq, state.Bytes, any ? Time(state.FirstTs) : null, any ? Time(state.LastTs) : null));
            }
        }

        runs.Sort((a, b) => string.CompareOrdinal(a.Run, b.Run));
        return runs;
    }

    private static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;
}
