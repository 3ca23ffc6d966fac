using System.Runtime.ExceptionServices;

namespace IlZo.Core.Tests.Use;

/// <summary>Threads that begin at the same time.</summary>
internal static class RaceOf
{
    /// <summary>Runs a body on several threads, which wait for each other before they begin, and throws what any of them threw.</summary>
    public static void Threads(int count, Action<int> body)
    {
        using var barrier = new Barrier(count);
        var failures = new Exception?[count];
        var threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            int thread = i;
            threads[i] = new Thread(() =>
            {
                barrier.SignalAndWait();
                failures[thread] = Record(() => body(thread));
            });
            threads[i].Start();
        }

        Array.ForEach(threads, t => t.Join());
        if (Array.Find(failures, f => f is not null) is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Runs a body on a thread of its own, to its end, and returns what it threw.</summary>
    public static Exception? Elsewhere(Action body)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record(body));
        thread.Start();
        thread.Join();
        return failure;
    }

    private static Exception? Record(Action body)
    {
        try
        {
            body();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
