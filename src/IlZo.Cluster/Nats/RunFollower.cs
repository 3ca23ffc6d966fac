using NATS.Client.Core;

namespace IlZo.Clusters.Nats;

/// <summary>
/// Follows a run's log and messages, and connects again whenever that ends. Each time it asks for the log's length before anything is
/// appended: a server that was restarted may have lost the end, or all, of what it said it had.
/// </summary>
/// <param name="connection">Where the servers are.</param>
/// <param name="run">The run's ID.</param>
/// <param name="replicas">How many servers are to keep a log that is made. Null: none is made.</param>
/// <param name="state">What is told.</param>
internal sealed class RunFollower(ClusterConnection connection, string run, int? replicas, ChannelState<NatsSession> state)
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _work = Task.CompletedTask;

    /// <summary>Signalled when it is to stop.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Connects, and goes on from there in the background.</summary>
    /// <param name="patience">How long servers are tried.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InvalidInputException">No server can be reached in that time, or none that has the log.</exception>
    public async Task StartAsync(TimeSpan patience, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, cancellation);
        var visit = await Passing.WithinAsync(connection, patience, EnterAsync, either.Token).ConfigureAwait(false)
            ?? throw new InvalidInputException($"{ClusterAddress.Flag} {connection.Address} has no run '{run}'.");
        _work = Task.Run(() => WorkAsync(visit), CancellationToken.None);
    }

    /// <summary>Ends what is done in the background, and waits for that.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(false);
    }

    /// <summary>Connects, listens, and has the state begin anew with the log's length. Null where there is no log.</summary>
    private async Task<Visit?> EnterAsync(CancellationToken cancellation)
    {
        var session = await NatsSession.OpenAsync(connection, cancellation).ConfigureAwait(false);
        try
        {
            // Before the first answer, so that whoever knows this worker reaches it.
            var messages = await session.Connection.SubscribeCoreAsync(
                RunNames.Say(run), serializer: NatsRawSerializer<byte[]>.Default, cancellationToken: cancellation).ConfigureAwait(false);
            var log = new RunLogStream(session, run);
            if (await log.OpenAsync(replicas, cancellation).ConfigureAwait(false) is { } length)
            {
                return new Visit(session, messages, log, state.Begin(session, length));
            }

            await session.DisposeAsync().ConfigureAwait(false);
            return null;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            session.ThrowIfDenied();
            throw;
        }
    }

    private async Task WorkAsync(Visit first)
    {
        try
        {
            await UseAsync(first).ConfigureAwait(false);
            for (var wait = Passing.First; !_stopping.IsCancellationRequested; wait = Passing.Next(wait))
            {
                await Task.Delay(wait, _stopping.Token).ConfigureAwait(false);
                if (await TryEnterAsync().ConfigureAwait(false) is { } visit)
                {
                    await UseAsync(visit).ConfigureAwait(false);
                    wait = Passing.First / 2;
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The channel is closed.
        }
        catch (Exception e)
        {
            state.Fail(e);
        }
    }

    private async Task<Visit?> TryEnterAsync()
    {
        try
        {
            var visit = await EnterAsync(_stopping.Token).ConfigureAwait(false);
            if (visit is null)
            {
                state.Begin(null, 0);
            }

            return visit;
        }
        catch (Exception e) when (Passing.Is(e))
        {
            return null;
        }
    }

    /// <summary>Takes what comes until the session ends, and disposes of that.</summary>
    private async Task UseAsync(Visit visit)
    {
        var session = visit.Session;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(session.Ended, _stopping.Token);
        var listening = ListenAsync(visit.Messages, either.Token);
        try
        {
            await foreach (var (index, entry) in visit.Log.FollowAsync(visit.From, either.Token).ConfigureAwait(false))
            {
                state.Add(session, index, entry);
            }
        }
        catch (Exception e) when (Passing.Is(e))
        {
            // Another session follows.
        }
        finally
        {
            state.End(session);
            await session.DisposeAsync().ConfigureAwait(false);
            await listening.ConfigureAwait(false);
        }

        session.ThrowIfDenied();
    }

    private async Task ListenAsync(INatsSub<byte[]> messages, CancellationToken cancellation)
    {
        try
        {
            await foreach (var message in messages.Msgs.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                state.Say(message.Data ?? []);
            }
        }
        catch (Exception e) when (Passing.Is(e))
        {
            // The session ends.
        }
    }

    private sealed record Visit(NatsSession Session, INatsSub<byte[]> Messages, RunLogStream Log, long From);
}
