namespace IlZo.Clusters.Nats;

/// <summary>
/// What a channel has received, where the thread that uses it meets those that read from the server: the length of the log, entries that
/// have not been read yet, and messages.
/// </summary>
/// <typeparam name="TSession">
/// What the server is asked through. All that is known of the log is known from one session: a server that comes back may have another.
/// </typeparam>
internal sealed class ChannelState<TSession>
    where TSession : class
{
    /// <summary>How many messages wait at most; beyond that the oldest are dropped, which are of least use.</summary>
    public const int MessageLimit = 65_536;

    /// <summary>How many bytes of messages wait at most.</summary>
    public const long MessageByteLimit = 64L << 20;

    /// <summary>How many bytes of entries are kept at most; further ones are asked for when they are read.</summary>
    public const long EntryByteLimit = 64L << 20;

    private readonly object _gate = new();
    private readonly Dictionary<long, byte[]> _entries = [];
    private readonly Queue<byte[]> _messages = [];
    private TSession? _session;
    private Exception? _failure;
    private long _length;
    private long _from;
    private long _entryBytes;
    private long _messageBytes;
    private bool _closed;

    /// <summary>Entries in the log, as far as is known.</summary>
    public long Length
    {
        get
        {
            lock (_gate)
            {
                ThrowIfUnusable();
                return _length;
            }
        }
    }

    /// <summary>Takes up a session, and forgets what was known of the log.</summary>
    /// <param name="session">The session. Null: there is no log, and nothing to ask.</param>
    /// <param name="length">Entries that the log has.</param>
    /// <returns>The first entry that is to be brought: those before it have been read.</returns>
    public long Begin(TSession? session, long length)
    {
        lock (_gate)
        {
            _session = session;
            _length = length;
            _from = Math.Min(_from, length);
            _entries.Clear();
            _entryBytes = 0;
            Monitor.PulseAll(_gate);
            return _from;
        }
    }

    /// <summary>Has nobody ask through a session any more. Its log is what is known until there is another.</summary>
    public void End(TSession session)
    {
        lock (_gate)
        {
            if (_session == session)
            {
                _session = null;
            }
        }
    }

    /// <summary>Ends all calls, now and later, with an exception.</summary>
    public void Fail(Exception failure)
    {
        lock (_gate)
        {
            _failure ??= failure;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Ends all calls, as nothing comes any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Takes an entry, unless it comes from another session than the present one.</summary>
    public void Add(TSession session, long index, byte[] entry)
    {
        lock (_gate)
        {
            if (_session == session)
            {
                if (index >= _from && _entryBytes + entry.Length <= EntryByteLimit && _entries.TryAdd(index, entry))
                {
                    _entryBytes += entry.Length;
                }

                Grow(index + 1);
            }
        }
    }

    /// <summary>Takes note that the log has this many entries at least, unless another session is the present one.</summary>
    public void Grow(TSession session, long length)
    {
        lock (_gate)
        {
            if (_session == session)
            {
                Grow(length);
            }
        }
    }

    /// <summary>Takes a message.</summary>
    public void Say(byte[] message)
    {
        lock (_gate)
        {
            _messages.Enqueue(message);
            _messageBytes += message.Length;
            while (_messages.Count > MessageLimit || (_messageBytes > MessageByteLimit && _messages.Count > 1))
            {
                _messageBytes -= _messages.Dequeue().Length;
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Looks for an entry.</summary>
    /// <param name="index">Its number. What is before it is taken to be read, and is not kept any longer.</param>
    /// <param name="entry">The entry; null where it is not here, or not in the log.</param>
    /// <returns>Whether that is the answer: the log has no such entry, or it is here. Otherwise the server is to be asked.</returns>
    public bool Find(long index, out byte[]? entry)
    {
        lock (_gate)
        {
            ThrowIfUnusable();
            entry = null;
            if (index >= _length)
            {
                return true;
            }

            for (; _from < index; _from++)
            {
                if (_entries.Remove(_from, out byte[]? read))
                {
                    _entryBytes -= read.Length;
                }
            }

            return _entries.TryGetValue(index, out entry);
        }
    }

    /// <summary>Waits for a session.</summary>
    public TSession Session(CancellationToken cancellation)
    {
        using var wake = WakeOn(cancellation);
        lock (_gate)
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                ThrowIfUnusable();
                if (_session is { } session)
                {
                    return session;
                }

                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>The session that there is; null while there is none, and where the channel has failed or is closed.</summary>
    public TSession? SessionAtEnd()
    {
        lock (_gate)
        {
            return _session;
        }
    }

    /// <summary>The session, or null where there is none now.</summary>
    public TSession? SessionNow()
    {
        lock (_gate)
        {
            ThrowIfUnusable();
            return _session;
        }
    }

    /// <summary>Waits for a message, or until the log has another length.</summary>
    public byte[]? Receive(long length, TimeSpan timeout, CancellationToken cancellation)
    {
        bool limited = timeout != Timeout.InfiniteTimeSpan;
        long until = limited ? Environment.TickCount64 + (long)Math.Ceiling(timeout.TotalMilliseconds) : long.MaxValue;
        using var wake = WakeOn(cancellation);
        lock (_gate)
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                ThrowIfUnusable();
                if (_length != length)
                {
                    return null;
                }

                if (_messages.TryDequeue(out byte[]? message))
                {
                    _messageBytes -= message.Length;
                    return message;
                }

                long left = until - Environment.TickCount64;
                if (left <= 0)
                {
                    return null;
                }

                Monitor.Wait(_gate, limited ? (int)Math.Min(left, int.MaxValue) : Timeout.Infinite);
            }
        }
    }

    private void Grow(long length)
    {
        if (length > _length)
        {
            _length = length;
            Monitor.PulseAll(_gate);
        }
    }

    private CancellationTokenRegistration WakeOn(CancellationToken cancellation) => cancellation.UnsafeRegister(
        static gate =>
        {
            lock (gate!)
            {
                Monitor.PulseAll(gate);
            }
        },
        _gate);

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_closed, typeof(IRunChannel));
        if (_failure is not null)
        {
            // A new one each time: a stack trace is of one call.
            throw _failure is InvalidInputException refusal
                ? new InvalidInputException(refusal.Message, refusal)
                : new IOException($"the connection to the cluster failed: {_failure.Message}", _failure);
        }
    }
}
