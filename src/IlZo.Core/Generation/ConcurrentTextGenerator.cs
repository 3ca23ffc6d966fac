using System.Diagnostics.CodeAnalysis;
using IlZo.Backends;
using IlZo.Models;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>
/// Continues texts for many callers at a time. Those that are there grow together, a token each in a pass, and texts come and go between
/// any two tokens (continuous batching); each becomes what it becomes alone, bit for bit. Those of different adapters take turns.
/// </summary>
/// <remarks>
/// Thread-safe. From the beginning to the end of <see cref="StopAsync"/> the model and the backend belong to a thread of this object.
/// </remarks>
public sealed class ConcurrentTextGenerator : IAsyncDisposable
{
    /// <summary>The most texts that can grow together.</summary>
    public const int MostConcurrent = TextSlots.Most;

    private readonly LanguageModel _model;
    private readonly ITokenizer _tokenizer;
    private readonly IBackend _backend;
    private readonly int _maxConcurrent;
    private readonly int _maxWaiting;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The lock guards what callers and the worker share: the texts that have arrived, how many are in the lanes, and the end.
    private readonly object _lock = new();
    private readonly Queue<StartedText> _arrived = new();
    private int _growing;
    private int _open;
    private bool _isStopping;
    private bool _isAborted;

    // The worker's own.
    private readonly List<AdapterLane> _lanes = [];

    /// <summary>Begins to wait for texts.</summary>
    /// <param name="model">A causal model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="backend">The device, to which the model's weights were brought.</param>
    /// <param name="maxConcurrent">Texts that grow together at most, 1 to <see cref="MostConcurrent"/>; fewer of long texts, whose keys and
    /// values would take much memory.</param>
    /// <param name="maxWaiting">Texts beyond those that may wait for their turn.</param>
    /// <exception cref="InvalidInputException">The model is not causal.</exception>
    public ConcurrentTextGenerator(
        LanguageModel model, ITokenizer tokenizer, IBackend backend, int maxConcurrent = MostConcurrent, int maxWaiting = 256)
    {
        model.RequireCausal();
        ArgumentOutOfRangeException.ThrowIfLessThan(maxConcurrent, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxConcurrent, MostConcurrent);
        ArgumentOutOfRangeException.ThrowIfNegative(maxWaiting);
        (_model, _tokenizer, _backend, _maxConcurrent, _maxWaiting) = (model, tokenizer, backend, maxConcurrent, maxWaiting);
        new Thread(Work) { IsBackground = true, Name = nameof(ConcurrentTextGenerator) }.Start();
    }

    /// <summary>Texts that are growing.</summary>
    public int Growing
    {
        get
        {
            lock (_lock)
            {
                return _growing;
            }
        }
    }

    /// <summary>Texts that wait for their turn.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _open + _arrived.Count - _growing;
            }
        }
    }

    /// <summary>Has a text continued as soon as it is its turn.</summary>
    /// <param name="request">The prompt, and how to continue it.</param>
    /// <param name="text">The text; null where as many wait as may.</param>
    /// <param name="cancellation">Ends the text between two tokens; others take its place.</param>
    /// <returns>Whether there was room for it.</returns>
    /// <exception cref="InvalidInputException">There are too many tokens or some are not in the model's vocabulary, or a number is out of
    /// range.</exception>
    /// <exception cref="ObjectDisposedException"><see cref="StopAsync"/> was called.</exception>
    public bool TryStart(TextRequest request, [NotNullWhen(true)] out StartedText? text, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        text = HasRoom() ? new StartedText(_model, _tokenizer, request, cancellation) : null;
        if (text is null)
        {
            return false;
        }

        lock (_lock)
        {
            if (!HasRoom())
            {
                text = null;
                return false;
            }

            _arrived.Enqueue(text);
            Monitor.Pulse(_lock);
            return true;
        }
    }

    /// <summary>Takes no more texts, waits for those that there are, and gives their keys and values back.</summary>
    /// <param name="cancellation">Ends the texts that are not over.</param>
    public async Task StopAsync(CancellationToken cancellation = default)
    {
        lock (_lock)
        {
            _isStopping = true;
            Monitor.Pulse(_lock);
        }

        using (cancellation.Register(Abort))
        {
            await _ended.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Ends all texts between two tokens.</summary>
    public ValueTask DisposeAsync() => new(StopAsync(new CancellationToken(canceled: true)));

    private void Abort()
    {
        lock (_lock)
        {
            _isAborted = true;
            Monitor.Pulse(_lock);
        }
    }

    private bool HasRoom()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isStopping, this);
            return _open + _arrived.Count < _maxConcurrent + _maxWaiting;
        }
    }

    private void Work()
    {
        // Whose turn is first changes, so that no lane has all the slots that come free.
        for (int first = 0; Receive(); first++)
        {
            for (int i = 0; i < _lanes.Count; i++)
            {
                TakeTurn(_lanes[(first + i) % _lanes.Count]);
            }
        }

        _lanes.ForEach(lane => lane.Dispose());
        _ended.SetResult();
    }

    // Waits for work, and says whether there is any; else it is the end.
    private bool Receive()
    {
        lock (_lock)
        {
            while (_open + _arrived.Count == 0 && !_isStopping)
            {
                Monitor.Wait(_lock);
            }

            while (_arrived.TryDequeue(out var text))
            {
                LaneOf(text.Adapter).Add(text);
                _open++;
            }

            return _open > 0;
        }
    }

    private AdapterLane LaneOf(Adapter? adapter)
    {
        var lane = _lanes.Find(l => l.Adapter == adapter);
        if (lane is null)
        {
            lane = new AdapterLane(_model, _tokenizer, _backend, adapter, _maxConcurrent);
            _lanes.Add(lane);
        }

        return lane;
    }

    private void TakeTurn(AdapterLane lane)
    {
        bool isAborted;
        lock (_lock)
        {
            isAborted = _isAborted;
        }

        lane.Drop(isAborted);
        if (lane.Open > 0)
        {
            _model.Use(lane.Adapter);
            if (_lanes.Sum(l => l.Growing) < _maxConcurrent)
            {
                lane.TryBegin();
            }

            lane.Advance();
        }

        // Who is told of an end finds the slot free.
        lock (_lock)
        {
            _growing = _lanes.Sum(l => l.Growing);
            _open = _lanes.Sum(l => l.Open);
        }

        lane.TellEnded();
    }
}
