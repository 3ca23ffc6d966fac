using System.Runtime.ExceptionServices;
using IlZo.Backends;

namespace IlZo.Training;

/// <summary>
/// Does the trials of a comparison or a sweep, one or several at a time, in the order of their ranks and then of asking. Whoever waits for
/// one does others meanwhile, so one job is the caller's own thread alone. The first failure ends them all.
/// </summary>
internal sealed class TrialQueue : IDisposable
{
    private readonly IBackend?[] _backends;
    private readonly CancellationTokenSource _stop;
    private readonly TrialRunner _runner;
    private readonly Thread[] _helpers;
    private readonly object _lock = new();
    private readonly PriorityQueue<QueuedTrial, (int Rank, int Number)> _waiting = new();
    private int _added;
    private bool _isClosed;
    private ExceptionDispatchInfo? _failure;

    /// <param name="options">The device and threads, which jobs share.</param>
    /// <param name="jobs">How many trials are done at a time.</param>
    /// <param name="journal">Keeps what is done; null for nothing.</param>
    /// <param name="open">Opens the device.</param>
    /// <param name="cancellation">Ends the work between two steps.</param>
    /// <exception cref="InvalidInputException">There is no such device, or it does one trial at a time.</exception>
    public TrialQueue(
        TrainingOptions options, int jobs, TrialJournal? journal, BackendFactory open, CancellationToken cancellation)
    {
        int? threads = jobs == 1 ? options.Threads : Math.Max(1, (options.Threads ?? Environment.ProcessorCount) / jobs);
        _backends = new IBackend?[jobs];
        try
        {
            for (int i = 0; i < jobs; i++)
            {
                _backends[i] = open(options.Device, threads, options.EngineRequest);
                if (jobs > 1 && Engine.Kind != DeviceKind.Cpu)
                {
                    throw OneAtATime(jobs, options);
                }
            }
        }
        catch
        {
            CloseBackends();
            throw;
        }

        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _runner = new TrialRunner([.. _backends.OfType<IBackend>()], journal, _stop.Token);
        _helpers = [.. Enumerable.Range(1, jobs - 1).Select(i => new Thread(Help) { IsBackground = true, Name = $"job {i + 1}" })];
        Array.ForEach(_helpers, helper => helper.Start());
    }

    /// <summary>What computes the trials.</summary>
    public Engine Engine => _backends[0]!.Engine;

    /// <inheritdoc cref="TrialRunner.Examples"/>
    public TrainingExamples? Examples => _runner.Examples;

    /// <summary>Refuses a number of jobs, before any device is opened.</summary>
    /// <exception cref="InvalidInputException">It is outside its range, or the device does one trial at a time.</exception>
    public static void RequireJobs(int jobs, TrainingOptions options)
    {
        if (jobs is < 1 or > 1024)
        {
            throw new InvalidInputException($"{Setting.Jobs} is {jobs}; 1 to 1024 was expected.");
        }

        if (jobs > 1 && DeviceName.KindOf(options.Device) is DeviceKind.Cuda)
        {
            throw OneAtATime(jobs, options);
        }
    }

    /// <inheritdoc cref="TrialRunner.Try"/>
    public void Try(IReadOnlyList<Trial> trials) => _runner.Try(trials);

    /// <summary>Asks for a trial.</summary>
    /// <param name="trial">The trial.</param>
    /// <param name="rank">Those of a lower rank come first.</param>
    public QueuedTrial Add(Trial trial, int rank)
    {
        lock (_lock)
        {
            var queued = new QueuedTrial(trial);
            _waiting.Enqueue(queued, (rank, _added++));
            Monitor.PulseAll(_lock);
            return queued;
        }
    }

    /// <summary>Waits until a trial has ended, and does others meanwhile.</summary>
    /// <param name="queued">The trial.</param>
    /// <returns>Its result, and whether the journal had it.</returns>
    /// <exception cref="InvalidInputException">The model or the data cannot be used, or they are not those of the journal.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public (TrialRun Run, bool WasKept) Wait(QueuedTrial queued)
    {
        while (true)
        {
            QueuedTrial? next;
            lock (_lock)
            {
                _failure?.Throw();
                if (queued.Result is { } result)
                {
                    return result;
                }

                if (!_waiting.TryDequeue(out next, out _))
                {
                    Monitor.Wait(_lock);
                    continue;
                }
            }

            Do(next);
        }
    }

    /// <summary>Ends what is being done, and closes the devices.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.PulseAll(_lock);
        }

        _stop.Cancel();
        Array.ForEach(_helpers, helper => helper.Join());
        _stop.Dispose();
        CloseBackends();
    }

    private void Help()
    {
        while (true)
        {
            QueuedTrial? next;
            lock (_lock)
            {
                while (!_isClosed && _failure is null && _waiting.Count == 0)
                {
                    Monitor.Wait(_lock);
                }

                if (_isClosed || _failure is not null)
                {
                    return;
                }

                next = _waiting.Dequeue();
            }

            Do(next);
        }
    }

    private void Do(QueuedTrial queued)
    {
        (TrialRun, bool)? result = null;
        ExceptionDispatchInfo? failure = null;
        try
        {
            result = _runner.Run(queued.Trial);
        }
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }

        lock (_lock)
        {
            queued.Result = result;
            _failure ??= failure;
            Monitor.PulseAll(_lock);
        }

        if (failure is not null)
        {
            _stop.Cancel();
        }
    }

    private static InvalidInputException OneAtATime(int jobs, TrainingOptions options) => new(
        $"{Setting.Jobs} is {jobs} with {Setting.Device} {options.Device ?? "auto"}, which does one run at a time; 1 was expected.");

    private void CloseBackends()
    {
        foreach (var backend in _backends)
        {
            backend?.Dispose();
        }
    }
}

/// <summary>A trial that was asked for.</summary>
/// <param name="trial">The trial.</param>
internal sealed class QueuedTrial(Trial trial)
{
    /// <summary>The trial.</summary>
    public Trial Trial => trial;

    /// <summary>Its result and whether the journal had it, once it has ended.</summary>
    public (TrialRun Run, bool WasKept)? Result { get; set; }
}
