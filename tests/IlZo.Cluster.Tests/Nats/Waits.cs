using System.Text;
using IlZo.Clusters;

namespace IlZo.Cluster.Tests.Nats;

/// <summary>Waits of tests, which end when what they wait for is there.</summary>
internal static class Waits
{
    /// <summary>A time in which anything here happens on the slowest of machines.</summary>
    public static TimeSpan Long { get; } = TimeSpan.FromSeconds(60);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(byte[]? bytes) => Encoding.UTF8.GetString(Assert.IsType<byte[]>(bytes));

    /// <summary>Waits until a channel says that the log has this many entries. Messages that come meanwhile are dropped.</summary>
    public static void UntilLength(this IRunChannel channel, long length)
    {
        using var limit = new CancellationTokenSource(Long);
        for (long known = channel.Length; known != length; known = channel.Length)
        {
            channel.Receive(known, Timeout.InfiniteTimeSpan, limit.Token);
        }
    }

    /// <summary>Waits until a log has grown by some entries, or it is of no use to wait.</summary>
    public static void UntilGrown(this IRunChannel channel, long entries, Func<bool> isOver)
    {
        using var limit = new CancellationTokenSource(Long);
        long grown = 0;
        for (long known = channel.Length; grown < entries && !isOver(); known = channel.Length)
        {
            channel.Receive(known, TimeSpan.FromSeconds(1), limit.Token);
            grown += Math.Max(0, channel.Length - known);
        }
    }

    /// <summary>Reads a log of this many entries.</summary>
    public static string[] Log(this IRunChannel channel, int length)
    {
        channel.UntilLength(length);
        return [.. Enumerable.Range(0, length).Select(i => Text(channel.Entry(i)))];
    }

    /// <summary>Appends an entry wherever the log ends, after all that others append meanwhile.</summary>
    /// <returns>Its index.</returns>
    public static long AppendAtEnd(this IRunChannel channel, string entry)
    {
        using var limit = new CancellationTokenSource(Long);
        for (long index = channel.Length; ; index = channel.Length)
        {
            if (channel.Append(index, Bytes(entry), limit.Token))
            {
                return index;
            }

            // After an answer that was lost, the entry may be there.
            for (; index < channel.Length; index++)
            {
                if (channel.Entry(index, limit.Token) is { } found && Text(found) == entry)
                {
                    return index;
                }
            }
        }
    }

    /// <summary>Does something in as many threads, and fails where one of them does.</summary>
    public static void InThreads(int count, Action<int> work)
    {
        var failures = new Exception?[count];
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() => failures[i] = Record.Exception(() => work(i)))).ToArray();
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Assert.All(failures, Assert.Null);
    }
}
