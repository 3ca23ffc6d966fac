using NATS.Client.Core;
using NATS.Client.JetStream;

namespace IlZo.Clusters.Nats;

/// <summary>
/// A run's log as a stream of NATS JetStream, and its messages as those of plain NATS. While no server can be reached, calls wait and
/// messages are lost. What has been appended is read in order without asking the server, which sends it by itself.
/// </summary>
public sealed class NatsChannel : IRunChannel
{
    /// <summary>How long servers are tried before they are said to be out of reach, when a channel is opened.</summary>
    internal static readonly TimeSpan StartTime = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_flushTime = TimeSpan.FromSeconds(1);

    private const int SendsUnderWayLimit = 1024;

    private readonly ChannelState<NatsSession> _state = new();
    private readonly ClusterConnection _connection;
    private readonly string _run;
    private readonly RunFollower _follower;
    private int _sendsUnderWay;

    private NatsChannel(ClusterConnection connection, string run, int? replicas)
    {
        _connection = connection;
        _run = run;
        _follower = new RunFollower(connection, run, replicas, _state);
    }

    /// <inheritdoc/>
    public long Length => _state.Length;

    /// <summary>Opens the channel of a run.</summary>
    /// <param name="connection">Where the servers are.</param>
    /// <param name="run">The run's ID: 1 to 64 letters, digits, hyphens or underscores.</param>
    /// <param name="create">Whether a log that is not there is made, now and whenever the server has lost it.</param>
    /// <param name="replicas">How many servers are to keep a log that is made.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The channel, which knows the log's length.</returns>
    /// <exception cref="InvalidInputException">
    /// No server can be reached within 5 seconds, or none that keeps a log; the log is another program's, or not there; the run's ID or a
    /// file of the connection is wrong. One sentence.
    /// </exception>
    public static NatsChannel Open(
        ClusterConnection connection, string run, bool create = true, int replicas = 1, CancellationToken cancellation = default) =>
        OpenWithin(connection, run, create ? replicas : null, StartTime, cancellation);

    /// <summary>Opens the channel of a run, and says how long servers are tried.</summary>
    internal static NatsChannel OpenWithin(
        ClusterConnection connection, string run, int? replicas, TimeSpan patience, CancellationToken cancellation)
    {
        RunNames.Check(run);
        var channel = new NatsChannel(connection, run, replicas);
        try
        {
            Task.Run(() => channel._follower.StartAsync(patience, cancellation), cancellation).GetAwaiter().GetResult();
            return channel;
        }
        catch
        {
            channel.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">The server has lost an entry before its last one.</exception>
    public byte[]? Entry(long index, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        byte[]? entry;
        for (var wait = Passing.First; !_state.Find(index, out entry); wait = Pause(wait, cancellation))
        {
            var session = _state.Session(cancellation);
            if (Ask(session, token => ReadAsync(session, index, token), cancellation) is { Answered: true, Answer: { } read })
            {
                return read;
            }
        }

        return entry;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">The entry is longer than the server's <c>max_payload</c> allows.</exception>
    /// <exception cref="IOException">The server has no room for it.</exception>
    public bool Append(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        byte[] bytes = entry.ToArray();
        for (var wait = Passing.First; ; wait = Pause(wait, cancellation))
        {
            var session = _state.Session(cancellation);
            long known = _state.Length;
            if (known > index)
            {
                return false;
            }

            var log = new RunLogStream(session, _run);
            CheckSize(bytes.Length, log.EntryLimit, "an entry");
            var (answered, (kept, length)) = Ask(session, token => log.AppendAsync(index, bytes, token), cancellation);
            if (answered)
            {
                return Learned(session, kept, length, known, index, bytes);
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">The message is longer than the server's <c>max_payload</c> allows.</exception>
    public void Send(ReadOnlyMemory<byte> message)
    {
        if (_state.SessionNow() is not { } session)
        {
            return;
        }

        CheckSize(message.Length, session.MaxPayload, "a message");

        // More of them wait only where the server does not read, and then they would come too late.
        if (Interlocked.Increment(ref _sendsUnderWay) > SendsUnderWayLimit)
        {
            Interlocked.Decrement(ref _sendsUnderWay);
            return;
        }

        _ = SendAsync(session, message.ToArray());
    }

    /// <inheritdoc/>
    public byte[]? Receive(long length, TimeSpan timeout, CancellationToken cancellation = default) =>
        _state.Receive(length, timeout, cancellation);

    /// <summary>Closes the channel once a server that answers has what was sent.</summary>
    public void Dispose()
    {
        Flush();
        _state.Close();
        Task.Run(_follower.StopAsync).GetAwaiter().GetResult();
    }

    // An answer to a ping comes behind all that was sent before it.
    private void Flush()
    {
        if (_state.SessionAtEnd() is not { } session)
        {
            return;
        }

        try
        {
            SpinWait.SpinUntil(() => Volatile.Read(ref _sendsUnderWay) == 0, s_flushTime);
            Task.Run(() => session.Connection.PingAsync(session.Ended).AsTask().WaitAsync(s_flushTime)).GetAwaiter().GetResult();
        }
        catch (Exception e) when (Passing.Is(e))
        {
            // Messages may be lost.
        }
    }

    private static TimeSpan Pause(TimeSpan wait, CancellationToken cancellation)
    {
        cancellation.WaitHandle.WaitOne(wait);
        cancellation.ThrowIfCancellationRequested();
        return Passing.Next(wait);
    }

    private bool Learned(NatsSession session, bool kept, long length, long known, long index, byte[] entry)
    {
        if (kept)
        {
            _state.Add(session, index, entry);
        }
        else if (length < known)
        {
            // The log has lost its end although the connection did not break: it is asked for anew.
            Leave(session);
        }
        else
        {
            _state.Grow(session, length);
        }

        return kept;
    }

    private void Leave(NatsSession session)
    {
        _state.End(session);
        session.End();
    }

    private void CheckSize(int bytes, int limit, string what)
    {
        if (bytes > limit)
        {
            throw new InvalidInputException(
                $"{what} of {bytes} bytes is too long for {ClusterAddress.Flag} {_connection.Address}, which takes {limit}, "
                + "expected a server with a larger max_payload.");
        }
    }

    /// <summary>Asks a server on threads of the pool, as the caller's may have a context in which answers would wait for it.</summary>
    /// <returns>Whether there is an answer, and that.</returns>
    private (bool Answered, T? Answer) Ask<T>(
        NatsSession session, Func<CancellationToken, Task<T>> question, CancellationToken cancellation)
    {
        using var any = CancellationTokenSource.CreateLinkedTokenSource(session.Ended, _follower.Stopping, cancellation);
        try
        {
            var token = any.Token;
            return (true, Task.Run(() => question(token), token).GetAwaiter().GetResult());
        }
        catch (Exception e) when (Passing.Is(e))
        {
            cancellation.ThrowIfCancellationRequested();
            if (e is NatsJSPublishNoResponseException)
            {
                // The stream may be gone.
                Leave(session);
            }

            return (false, default);
        }
    }

    private async Task<byte[]?> ReadAsync(NatsSession session, long index, CancellationToken cancellation)
    {
        var log = new RunLogStream(session, _run);
        if (await log.ReadAsync(index, cancellation).ConfigureAwait(false) is { } entry)
        {
            return entry;
        }

        long length = await log.LengthAsync(cancellation).ConfigureAwait(false);
        if (index < length)
        {
            throw new InvalidInputException(
                $"stream {RunNames.Stream(_run)} has lost entry {index} of {length}, expected all of them; "
                + "delete the stream, and a worker that has the run puts it back.");
        }

        Leave(session);
        return null;
    }

    private async Task SendAsync(NatsSession session, byte[] message)
    {
        try
        {
            await session.Connection.PublishAsync(
                RunNames.Say(_run), message, serializer: NatsRawSerializer<byte[]>.Default, cancellationToken: session.Ended)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (Passing.Is(e))
        {
            // A message may be lost.
        }
        finally
        {
            Interlocked.Decrement(ref _sendsUnderWay);
        }
    }
}
