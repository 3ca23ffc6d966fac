using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Persistent threads that share out the items of a loop. Which thread takes which item is left to chance, so an item's result
/// must depend on the item alone.
/// </summary>
/// <remarks>
/// A loop is open while items are left; workers join it and leave it. Only those that joined are waited for: on a busy machine a
/// worker may come late, and finds the loop closed. A loop that is begun while another runs, in its body too, throws
/// <see cref="InvalidOperationException"/>, and one that is begun after <see cref="Dispose"/> <see cref="ObjectDisposedException"/>;
/// threads end with the loop in progress.
/// </remarks>
internal sealed unsafe class WorkerPool : IDisposable
{
    // About ten microseconds: operations of a small model follow each other faster than a sleeping thread wakes.
    private const int SpinsBeforeSleep = 200;

    private const int Open = 1 << 30;

    private readonly UseGuard _use;
    private readonly bool _callerWorks;
    private readonly Thread[] _threads;
    private readonly ManualResetEventSlim _workerLeft = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _failureLock = new();

    // The loop's body, which lies on the stack of the thread that opened the loop, and the function that does an item of it.
    private void* _work;
    private delegate*<void*, int, int, void> _do;
    private int _count;
    private int _next;

    // Whether a loop is open, and how many workers are in it.
    private int _state;
    private volatile bool _stopping;
    private Exception? _failure;

    /// <param name="threads">Threads that work, the caller's included.</param>
    /// <param name="prepare">
    /// Called on each thread as it starts, and what it returns is disposed of there as it ends. The caller's thread, whose life is not the
    /// pool's, then only waits, and one more thread works in its place.
    /// </param>
    public WorkerPool(int threads, Func<IDisposable>? prepare = null)
    {
        _use = new UseGuard(nameof(WorkerPool), Release);
        Count = threads;
        _callerWorks = prepare is null;
        int first = _callerWorks ? 1 : 0;
        _threads = new Thread[threads - first];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + first;
            _threads[i] = new Thread(() => Work(worker, prepare)) { IsBackground = true, Name = $"ilzo worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that work.</summary>
    public int Count { get; }

    /// <summary>Does every item below <paramref name="items"/> and returns when all are done.</summary>
    public void Run<TWork>(int items, TWork work)
        where TWork : struct, IWork
    {
        using var use = _use.Enter();
        if (_callerWorks && (_threads.Length == 0 || items <= 1))
        {
            for (int item = 0; item < items; item++)
            {
                work.Do(item, 0);
            }

            return;
        }

        // This frame outlives the loop, and as the address is taken the collector keeps what is referred to there and updates it in place.
        _work = Unsafe.AsPointer(ref work);
        _do = &DoItem<TWork>;
        Share(items);
    }

    public void Dispose() => _use.Dispose();

    private void Release()
    {
        _stopping = true;
        _wake.Release(Math.Max(1, _threads.Length));
        foreach (var thread in _threads)
        {
            thread.Join();
        }

        _wake.Dispose();
        _workerLeft.Dispose();
    }

    private static void DoItem<TWork>(void* work, int item, int worker)
        where TWork : struct, IWork => Unsafe.AsRef<TWork>(work).Do(item, worker);

    private void Share(int items)
    {
        _count = items;
        _next = 0;

        // A full fence: a worker that takes one of the tokens counted here must find the loop open, or nobody would wake it.
        Interlocked.Exchange(ref _state, Open);
        int missing = _threads.Length - _wake.CurrentCount;
        if (missing > 0)
        {
            _wake.Release(missing);
        }

        if (_callerWorks)
        {
            TakeItems(0);
        }
        else
        {
            AwaitItems();
        }

        Interlocked.And(ref _state, ~Open);
        var spinner = default(SpinWait);
        while (Volatile.Read(ref _state) != 0)
        {
            spinner.SpinOnce(sleep1Threshold: -1);
        }

        if (_failure is { } failure)
        {
            _failure = null;
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    private void Work(int worker, Func<IDisposable>? prepare)
    {
        using var prepared = prepare?.Invoke();
        while (true)
        {
            for (int spin = 0; spin < SpinsBeforeSleep && _wake.CurrentCount == 0; spin++)
            {
                Thread.SpinWait(20);
            }

            _wake.Wait();
            if (_stopping)
            {
                return;
            }

            if (Join())
            {
                TakeItems(worker);
                Interlocked.Decrement(ref _state);
                if (!_callerWorks)
                {
                    _workerLeft.Set();
                }
            }
        }
    }

    // A worker leaves when all items are taken, and the last to leave has seen all of them done.
    private void AwaitItems()
    {
        while (Volatile.Read(ref _next) < _count || Volatile.Read(ref _state) != Open)
        {
            _workerLeft.Wait();
            _workerLeft.Reset();
        }
    }

    private bool Join()
    {
        while (true)
        {
            int state = Volatile.Read(ref _state);
            if ((state & Open) == 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _state, state + 1, state) == state)
            {
                return true;
            }
        }
    }

    private void TakeItems(int worker)
    {
        try
        {
            for (int item = Interlocked.Increment(ref _next) - 1; item < _count; item = Interlocked.Increment(ref _next) - 1)
            {
                _do(_work, item, worker);
            }
        }
        catch (Exception e)
        {
            lock (_failureLock)
            {
                _failure ??= e;
                _next = _count;
            }
        }
    }
}
