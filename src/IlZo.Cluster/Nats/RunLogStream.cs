using System.Globalization;
using System.Runtime.CompilerServices;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace IlZo.Clusters.Nats;

/// <summary>
/// A run's log as a stream of one subject, so that an entry's sequence number is its index + 1 and the server can compare the number of
/// the last one before it appends.
/// </summary>
/// <remarks>
/// Entries carry no <c>Nats-Msg-Id</c>: of two with the same ID the server drops the second and says that it has kept it.
/// </remarks>
internal sealed class RunLogStream(NatsSession session, string run)
{
    private const int StreamNotFound = 10059;

    private const int StreamNameInUse = 10058;

    private const int SubjectsOverlap = 10065;

    private const int MessageNotFound = 10037;

    private const int WrongLastSequence = 10071;

    private const int WrongLastSequenceWithoutNumber = 10164;

    /// <summary>No room in the stream or on the disk. Its code is 503, as of what passes.</summary>
    private const int StoreFailed = 10077;

    /// <summary>Bytes that are kept free for an entry's headers, which have 160 with the longest run and number.</summary>
    private const int HeaderBytes = 256;

    /// <summary>Entries on their way at most: enough to keep a distant worker that joins busy, few enough for one of the longest.</summary>
    private const int EntriesInFlight = 256;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(3);

    private readonly string _stream = RunNames.Stream(run);

    /// <summary>How many bytes of contents a message may have.</summary>
    public int EntryLimit => session.MaxPayload - HeaderBytes;

    /// <summary>Finds the stream, or makes it.</summary>
    /// <param name="replicas">How many servers are to keep a stream that is made. Null: none is made.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Entries that the log has; null where there is none.</returns>
    /// <exception cref="InvalidInputException">A stream of this name or with this subject is another's.</exception>
    public async Task<long?> OpenAsync(int? replicas, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(session.Ended, cancellation);
        if (await InfoAsync(either.Token).ConfigureAwait(false) is { } found)
        {
            return Checked(found);
        }

        return replicas is { } copies ? await CreateAsync(copies, either.Token).ConfigureAwait(false) : null;
    }

    /// <summary>Entries that the log has now; 0 where there is none.</summary>
    public async Task<long> LengthAsync(CancellationToken cancellation) =>
        (long)((await InfoAsync(cancellation).ConfigureAwait(false))?.State.LastSeq ?? 0);

    /// <summary>Reads an entry from the server that leads.</summary>
    /// <returns>Null where it has none.</returns>
    public async Task<byte[]?> ReadAsync(long index, CancellationToken cancellation)
    {
        try
        {
            var answer = await session.JetStream.JSRequestResponseAsync<StreamMsgGetRequest, StreamMsgGetResponse>(
                $"$JS.API.STREAM.MSG.GET.{_stream}", new StreamMsgGetRequest { Seq = SequenceOf(index) }, cancellation)
                .ConfigureAwait(false);
            return answer.Message.Data.ToArray();
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode is MessageNotFound or StreamNotFound)
        {
            return null;
        }
    }

    /// <summary>Appends an entry if the log has just this many.</summary>
    /// <returns>The log's length: index + 1 if the entry was appended.</returns>
    /// <exception cref="NatsException">It is not known whether it was.</exception>
    /// <exception cref="IOException">The server cannot keep it.</exception>
    public async Task<(bool Kept, long Length)> AppendAsync(long index, byte[] entry, CancellationToken cancellation)
    {
        var answer = await session.JetStream.PublishAsync(
            RunNames.Log(run),
            entry,
            NatsRawSerializer<byte[]>.Default,
            new NatsJSPubOpts { ExpectedLastSequence = (ulong)index, ExpectedStream = _stream },
            cancellationToken: cancellation).ConfigureAwait(false);
        switch (answer.Error)
        {
            case null:
                return (true, (long)answer.Seq);
            case { ErrCode: WrongLastSequence or WrongLastSequenceWithoutNumber } lost:
                return (false, NumberIn(lost.Description) ?? await LengthAsync(cancellation).ConfigureAwait(false));
            case { Code: 503, ErrCode: not StoreFailed } busy:
                throw new NatsException(busy.Description ?? "the server is busy");
            case var refused:
                throw new IOException(
                    $"stream {_stream} does not take entry {index} of {entry.Length} bytes: {refused.Description} ({refused.ErrCode}).");
        }
    }

    /// <summary>Brings entries as they come, until the session ends.</summary>
    /// <param name="from">The first of them.</param>
    /// <param name="cancellation">Ends it too.</param>
    public async IAsyncEnumerable<(long Index, byte[] Entry)> FollowAsync(
        long from, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var consumer = await session.JetStream.CreateConsumerAsync(
            _stream,
            new ConsumerConfig
            {
                DeliverPolicy = ConsumerConfigDeliverPolicy.ByStartSequence,
                OptStartSeq = SequenceOf(from),
                AckPolicy = ConsumerConfigAckPolicy.None,
                InactiveThreshold = TimeSpan.FromMinutes(1),
                MemStorage = true,
                NumReplicas = 1,
            },
            cancellation).ConfigureAwait(false);
        var options = new NatsJSConsumeOpts
        {
            MaxMsgs = EntriesInFlight,
            Expires = 10 * Heartbeat,
            IdleHeartbeat = Heartbeat,

            // The client would ask again. But where a consumer is gone or has a new leader, the stream may have lost its end.
            NotificationHandler = (_, _) =>
            {
                session.End();
                return Task.CompletedTask;
            },
        };
        var entries = consumer.ConsumeAsync(NatsRawSerializer<byte[]>.Default, options, cancellation);
        await foreach (var message in entries.ConfigureAwait(false))
        {
            if (message.Metadata is { } place)
            {
                yield return ((long)place.Sequence.Stream - 1, message.Data ?? []);
            }
        }
    }

    private static ulong SequenceOf(long index) => (ulong)index + 1;

    private static long? NumberIn(string? description)
    {
        int at = description?.LastIndexOf(' ') ?? -1;
        return at >= 0 && long.TryParse(description.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : null;
    }

    private async Task<StreamInfo?> InfoAsync(CancellationToken cancellation)
    {
        try
        {
            return (await session.JetStream.GetStreamAsync(_stream, cancellationToken: cancellation).ConfigureAwait(false)).Info;
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == StreamNotFound)
        {
            return null;
        }
    }

    private async Task<long> CreateAsync(int replicas, CancellationToken cancellation)
    {
        var config = new StreamConfig(_stream, [RunNames.Log(run)])
        {
            Description = "The log of a training run of IlZo.",
            Storage = StreamConfigStorage.File,
            Retention = StreamConfigRetention.Limits,
            Discard = StreamConfigDiscard.New,
            DenyDelete = true,
            DenyPurge = true,
            AllowDirect = true,
            NumReplicas = replicas,
        };
        try
        {
            var made = await session.JetStream.CreateStreamAsync(config, cancellation).ConfigureAwait(false);
            return Checked(made.Info);
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == StreamNameInUse)
        {
            // Another worker was first, with another number of replicas.
            return Checked(await InfoAsync(cancellation).ConfigureAwait(false) ?? throw new NatsException("the stream came and went", e));
        }
        catch (NatsJSApiException e) when (e.Error.ErrCode == SubjectsOverlap)
        {
            throw new InvalidInputException(
                $"the server has a stream that takes {RunNames.Log(run)} and is not {_stream}, which this run's log is to be.", e);
        }
        catch (NatsJSApiException e) when (e.Error.Code != 503)
        {
            throw new InvalidInputException(
                $"the server does not make stream {_stream} on {replicas} server{(replicas == 1 ? "" : "s")}: {e.Error.Description}.", e);
        }
    }

    private long Checked(StreamInfo info) => RunNames.AreOf(run, info.Config.Subjects)
        ? (long)info.State.LastSeq
        : throw new InvalidInputException(
            $"stream {_stream} is not a run's log: it takes '{string.Join("', '", info.Config.Subjects ?? [])}', "
            + $"expected '{RunNames.Log(run)}' alone.");
}
