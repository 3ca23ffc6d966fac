using IlZo.Ptx;

namespace ILGPU;

/// <summary>
/// Runs the threads of a group one at a time: each until it waits for the others. The order alternates from one barrier to the next, so
/// that a thread which reads what another has yet to write is found out, and shared memory holds no numbers at first.
/// </summary>
/// <param name="config">The size of the launch.</param>
/// <param name="memory">What the threads reach; its shared memory begins with what the launch asked for.</param>
internal sealed class GroupExecution(KernelConfig config, PtxMemory memory)
{
    private readonly State[] _states = new State[config.GroupDim.X];
    private readonly string[] _actions = new string[config.GroupDim.X];
    private readonly Turn[] _turns = [.. Enumerable.Range(0, config.GroupDim.X).Select(_ => new Turn())];
    private readonly Turn _done = new();
    private bool _backwards;
    private Exception? _failure;

    private enum State
    {
        Ready,
        Waiting,
        WaitingForWarp,
        Finished,
    }

    public KernelConfig Config => config;

    /// <summary>The shared memory that the launch asked for.</summary>
    public Span<byte> Shared => memory.SharedBytes[..config.SharedMemoryConfig.ArraySize];

    /// <summary>What executes PTX in kernels.</summary>
    public InlinePtx Inline { get; } = new(memory, config);

    public Index3D Place { get; private set; }

    private int Count => _states.Length;

    /// <summary>Runs a kernel for all groups of the launch.</summary>
    public void Run(Action kernel)
    {
        var workers = Count == 1 ? [] : Enumerable.Range(0, Count).Select(i => Start(i, kernel)).ToArray();
        for (int group = 0; group < config.GridDim.X * config.GridDim.Y * config.GridDim.Z && _failure is null; group++)
        {
            int row = group / config.GridDim.X;
            Place = new Index3D(group % config.GridDim.X, row % config.GridDim.Y, row / config.GridDim.Y);
            memory.Spoil();
            Inline.BeginGroup();
            if (Count == 1)
            {
                KernelThread.Current = new KernelThread { Index = 0, Group = this };
                kernel();
                continue;
            }

            Array.Fill(_states, State.Ready);
            _backwards = false;
            _turns[0].Release();
            _done.Wait();
        }

        if (workers.Length > 0)
        {
            Stop(workers);
        }
    }

    /// <summary>Waits until every thread of the group does.</summary>
    public void WaitForGroup(int index)
    {
        if (Count == 1)
        {
            return;
        }

        _states[index] = State.Waiting;
        WaitForTurn(index);
    }

    /// <summary>Waits until all threads of the warp are here; the last one acts for all of them.</summary>
    /// <param name="index">The thread.</param>
    /// <param name="what">What they do together.</param>
    /// <param name="action">Does it.</param>
    public void WaitForWarp(int index, string what, Action action)
    {
        int first = index / PtxWarp.Size * PtxWarp.Size;
        if (Count - first < PtxWarp.Size)
        {
            throw new KernelException($"'{what}' is for {PtxWarp.Size} threads; the warp has {Count - first}.");
        }

        (_states[index], _actions[index]) = (State.WaitingForWarp, what);
        if (_states.AsSpan(first, PtxWarp.Size).ContainsAnyExcept(State.WaitingForWarp))
        {
            WaitForTurn(index);
            return;
        }

        if (_actions.AsSpan(first, PtxWarp.Size).ContainsAnyExcept(what))
        {
            throw new KernelException($"Some threads of a warp are at '{what}', others at '{_actions.First(a => a != what)}'.");
        }

        action();
        _states.AsSpan(first, PtxWarp.Size).Fill(State.Ready);
    }

    private Thread Start(int index, Action kernel)
    {
        var thread = new Thread(() => Work(index, kernel), maxStackSize: 1 << 20) { IsBackground = true };
        thread.Start();
        return thread;
    }

    private void Stop(Thread[] workers)
    {
        Place = new Index3D(-1, -1, -1);
        foreach (var turn in _turns)
        {
            turn.Release();
        }

        Array.ForEach(workers, w => w.Join());
        if (_failure is not null)
        {
            throw _failure is KernelException ? new KernelException(_failure.Message) : new InvalidOperationException("A kernel failed.", _failure);
        }
    }

    private void Work(int index, Action kernel)
    {
        KernelThread.Current = new KernelThread { Index = index, Group = this };
        while (true)
        {
            _turns[index].Wait();
            if (Place.X < 0)
            {
                return;
            }

            try
            {
                kernel();
                _states[index] = State.Finished;
                PassOn();
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                _failure = e;
                _done.Release();
                return;
            }
        }
    }

    private void WaitForTurn(int index)
    {
        PassOn();
        _turns[index].Wait();
        if (_failure is not null)
        {
            throw new OperationCanceledException();
        }
    }

    // The next thread that can go on gets the turn; when all wait, they all go on, in the other order.
    private void PassOn()
    {
        if (Next() is var next and >= 0)
        {
            _turns[next].Release();
            return;
        }

        int inWarps = _states.Count(s => s == State.WaitingForWarp);
        if (inWarps > 0)
        {
            string what = _actions[Array.IndexOf(_states, State.WaitingForWarp)];
            throw new KernelException($"{inWarps} threads wait at '{what}' for others of their warp, which ended or wait at a barrier.");
        }

        int finished = _states.Count(s => s == State.Finished);
        if (finished == Count)
        {
            _done.Release();
            return;
        }

        if (finished > 0)
        {
            throw new KernelException($"{finished} of {Count} threads of a group ended while the others wait at a barrier.");
        }

        Array.Fill(_states, State.Ready);
        _backwards = !_backwards;
        _turns[Next()].Release();
    }

    private int Next() => _backwards ? Array.LastIndexOf(_states, State.Ready) : Array.IndexOf(_states, State.Ready);
}
