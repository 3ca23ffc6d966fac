using IlZo.Clusters;

namespace IlZo.Cluster.Tests;

/// <summary>A log and messages between workers of one process, as a server has them.</summary>
internal sealed class MemoryHub
{
    private readonly List<byte[]> _log = [];
    private readonly List<Channel> _channels = [];

    /// <summary>The entries of the log.</summary>
    public IReadOnlyList<byte[]> Log
    {
        get
        {
            lock (_log)
            {
                return [.. _log];
            }
        }
    }

    /// <summary>Cuts the log's end off, as a server that is ended before it has written does.</summary>
    public void Lose(int entries)
    {
        lock (_log)
        {
            _log.RemoveRange(_log.Count - entries, entries);
            Monitor.PulseAll(_log);
        }
    }

    /// <summary>A channel of a worker that is there from now on.</summary>
    /// <param name="alter">What becomes of the messages it sends; null is lost.</param>
    /// <param name="mayAppend">Whether it may write the log.</param>
    public IRunChannel Open(Func<byte[], byte[]?>? alter = null, bool mayAppend = true)
    {
        var channel = new Channel(this, alter ?? (message => message), mayAppend);
        lock (_log)
        {
            _channels.Add(channel);
        }

        return channel;
    }

    private sealed class Channel(MemoryHub hub, Func<byte[], byte[]?> alter, bool mayAppend) : IRunChannel
    {
        private readonly Queue<byte[]> _messages = [];

        public long Length
        {
            get
            {
                lock (hub._log)
                {
                    return hub._log.Count;
                }
            }
        }

        public byte[]? Entry(long index, CancellationToken cancellation = default)
        {
            lock (hub._log)
            {
                return index < hub._log.Count ? hub._log[(int)index] : null;
            }
        }

        public bool Append(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellation = default)
        {
            Assert.True(mayAppend);
            lock (hub._log)
            {
                if (hub._log.Count != index)
                {
                    return false;
                }

                hub._log.Add(entry.ToArray());
                Monitor.PulseAll(hub._log);
                return true;
            }
        }

        public void Send(ReadOnlyMemory<byte> message)
        {
            if (alter(message.ToArray()) is not { } sent)
            {
                return;
            }

            lock (hub._log)
            {
                foreach (var other in hub._channels.Where(c => c != this))
                {
                    other._messages.Enqueue(sent);
                }

                Monitor.PulseAll(hub._log);
            }
        }

        public byte[]? Receive(long length, TimeSpan timeout, CancellationToken cancellation = default)
        {
            var end = DateTime.UtcNow + timeout;
            lock (hub._log)
            {
                using var wake = cancellation.Register(() =>
                {
                    lock (hub._log)
                    {
                        Monitor.PulseAll(hub._log);
                    }
                });
                while (true)
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (_messages.TryDequeue(out byte[]? message))
                    {
                        return message;
                    }

                    var left = end - DateTime.UtcNow;
                    if (hub._log.Count != length || left <= TimeSpan.Zero)
                    {
                        return null;
                    }

                    Monitor.Wait(hub._log, left);
                }
            }
        }

        public void Dispose()
        {
            lock (hub._log)
            {
                hub._channels.Remove(this);
            }
        }
    }
}
