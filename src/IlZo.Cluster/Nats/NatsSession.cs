using NATS.Client.Core;
using NATS.Client.JetStream;

namespace IlZo.Clusters.Nats;

/// <summary>
/// One connection to a server, until it breaks. The client would reconnect by itself, and send what it still had to send: a session does
/// not, because what is known of a log has to be asked anew before anything is appended to it.
/// </summary>
internal sealed class NatsSession : IAsyncDisposable
{
    /// <summary>How long a server may take for one answer before it is asked again.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _ended = new();
    private readonly NatsConnection _connection;
    private readonly ClusterAddress _address;
    private volatile string? _denial;

    private NatsSession(NatsConnection connection, ClusterAddress address)
    {
        _connection = connection;
        _address = address;
        JetStream = new NatsJSContext(connection, new NatsJSOpts(connection.Opts, requestTimeout: AnswerTime));
        connection.ConnectionDisconnected += (_, _) =>
        {
            End();
            return ValueTask.CompletedTask;
        };
        connection.ServerError += (_, error) =>
        {
            // The server says so once, and does not answer: whoever waits would wait for ever.
            if (error.Kind == NatsServerErrorKind.PermissionsViolation)
            {
                _denial = error.Error;
                End();
            }

            return ValueTask.CompletedTask;
        };
        Ended = _ended.Token;
    }

    /// <summary>What messages are sent through.</summary>
    public INatsConnection Connection => _connection;

    /// <summary>What streams are asked through.</summary>
    public INatsJSContext JetStream { get; }

    /// <summary>Bytes of a message's headers and contents that the server takes at most.</summary>
    public int MaxPayload => _connection.ServerInfo?.MaxPayload ?? 1 << 20;

    /// <summary>Signalled when the session is of no use any more.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Connects to one of the servers.</summary>
    /// <param name="connection">Where the servers are.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InvalidInputException">A file of the connection is wrong, or the server is none that keeps a log.</exception>
    /// <exception cref="NatsException">No server can be reached now.</exception>
    public static async Task<NatsSession> OpenAsync(ClusterConnection connection, CancellationToken cancellation)
    {
        var session = new NatsSession(new NatsConnection(OptionsOf(connection)), connection.Address);
        try
        {
            await session._connection.ConnectAsync().AsTask().WaitAsync(cancellation).ConfigureAwait(false);
            await session.CheckServerAsync(cancellation).ConfigureAwait(false);
            return session;
        }
        catch (Exception e)
        {
            await session.DisposeAsync().ConfigureAwait(false);
            if (IsRefusal(e) is { } reason)
            {
                throw new InvalidInputException($"{ClusterAddress.Flag} {connection.Address} does not let this worker in: {reason}.", e);
            }

            throw;
        }
    }

    /// <summary>Ends the session, for whoever waits for an answer through it too.</summary>
    public void End()
    {
        // Whoever waits is woken elsewhere: this may be a thread that reads from the server.
        _ = _ended.CancelAsync();
    }

    /// <summary>Says so where the session ended because the server does not let this user do something.</summary>
    /// <exception cref="InvalidInputException">It did.</exception>
    public void ThrowIfDenied()
    {
        if (_denial is { } denial)
        {
            throw new InvalidInputException($"{ClusterAddress.Flag} {_address} does not let this user do what a run needs: {denial}.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private static NatsOpts OptionsOf(ClusterConnection connection) => NatsOpts.Default with
    {
        Url = connection.Address.Servers,
        Name = "ilzo",
        Echo = false,
        AuthOpts = ConnectionFiles.User(connection),
        TlsOpts = ConnectionFiles.Tls(connection),
        ConnectTimeout = AnswerTime,
        RequestTimeout = AnswerTime,
        CommandTimeout = AnswerTime,
        PublishTimeoutOnDisconnected = true,

        // A link that is half open is noticed after three of these.
        PingInterval = TimeSpan.FromSeconds(5),
    };

    private static string? IsRefusal(Exception? e) => e switch
    {
        null => null,
        NatsServerException { IsAuthError: true } refusal => refusal.Error,
        _ => IsRefusal(e.InnerException),
    };

    private async Task CheckServerAsync(CancellationToken cancellation)
    {
        string? version = _connection.ServerInfo?.Version;
        if (ServerVersions.LosesStreams(version))
        {
            throw new InvalidInputException(
                $"{ClusterAddress.Flag} {_address} is nats-server {version}, which may lose a run's log when it crashes, "
                + "expected 2.10.23 or later, or one before 2.10.20.");
        }

        // A server without JetStream may be one of a cluster in which others have it, so the cluster is asked.
        if (_connection.ServerInfo is { JetStreamAvailable: true })
        {
            return;
        }

        try
        {
            await JetStream.GetAccountInfoAsync(cancellation).ConfigureAwait(false);
        }
        catch (NatsNoRespondersException e)
        {
            throw new InvalidInputException(
                $"{ClusterAddress.Flag} {_address} is a NATS server that keeps nothing, expected one with JetStream (-js).", e);
        }
    }
}
