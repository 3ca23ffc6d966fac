using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Backends.Streaming;

/// <summary>
/// Keeps the weights of some layers where they are computed with only while a pass reads them. This decides when they are there, and about
/// nothing that is computed: the layer that is needed next is brought while another is computed, to one of two rooms that are used again
/// and again. Updates are made when weights are brought, and written to where the weights lie when enough of them have come together.
/// </summary>
internal abstract class LayerStream : IDisposable
{
    private readonly LayerUpdates?[] _layers;
    private readonly HashSet<Parameter> _streamed;
    private readonly int _writeEvery;
    private readonly Room[] _rooms = new Room[2];
    private Task _last = Task.CompletedTask;
    private IReadOnlyList<Parameter> _all = [];
    private IReadOnlyList<Parameter> _others = [];

    /// <param name="parameters">The weights, all of them where they were loaded.</param>
    /// <param name="plan">Which of them are streamed.</param>
    protected LayerStream(ParameterSet parameters, StreamPlan plan)
    {
        Parameters = parameters;
        _layers = [.. plan.Layers.Select(tensors => tensors.Count > 0 ? new LayerUpdates(tensors) : null)];
        _streamed = [.. plan.Layers.SelectMany(tensors => tensors)];
        _writeEvery = plan.WriteEvery;
    }

    /// <summary>Whose weights they are.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The layer that is entered, or null.</summary>
    protected int? Entered { get; private set; }

    /// <summary>Whether a tensor is streamed.</summary>
    public bool Contains(Parameter parameter) => _streamed.Contains(parameter);

    /// <summary>Takes updates, of which the layers here make their part later.</summary>
    public void Add(IEnumerable<WeightUpdate> updates)
    {
        // A layer that is in use has those that came before it was.
        Abandon();
        foreach (var update in updates)
        {
            foreach (var layer in _layers)
            {
                layer?.Add(update);
            }
        }

        // Those of a log come many at a time.
        if (Array.Exists(_layers, layer => layer?.Waiting.Count > _writeEvery))
        {
            Settle();
        }
    }

    /// <summary>Those of some tensors that are not streamed; the same list for the same list.</summary>
    public IReadOnlyList<Parameter> Others(IReadOnlyList<Parameter> parameters)
    {
        if (!ReferenceEquals(parameters, _all))
        {
            (_all, _others) = (parameters, [.. parameters.Where(p => !_streamed.Contains(p))]);
        }

        return _others;
    }

    /// <summary>Sees to it that a layer is in a room with all its updates, and begins to bring the next one.</summary>
    public void Enter(int layer) => Enter(layer, Next(layer));

    /// <summary>Gives back what a layer took.</summary>
    public void Leave(int layer)
    {
        if (layer == Entered)
        {
            var streamed = _layers[layer]!;
            Leave(writes: streamed.MustBeWritten || streamed.Waiting.Count >= _writeEvery);
        }
    }

    /// <summary>Makes all updates that wait, so that weights are as they are where they lie.</summary>
    public void Settle()
    {
        Abandon();
        int[] waiting = [.. Enumerable.Range(0, _layers.Length).Where(i => _layers[i]?.Waiting.Count > 0)];
        for (int i = 0; i < waiting.Length; i++)
        {
            Enter(waiting[i], i + 1 < waiting.Length ? waiting[i + 1] : null);
            Leave(writes: true);
        }

        _last.GetAwaiter().GetResult();
    }

    /// <summary>Ends what is in progress.</summary>
    public virtual void Dispose() =>

        // A failure was told to whom it concerned.
        ((IAsyncResult)_last).AsyncWaitHandle.WaitOne();

    /// <summary>Brings a layer to a room as it is where it lies; beside other work, one call at a time.</summary>
    protected abstract void Bring(int layer, int room);

    /// <summary>Writes the trained weights of a layer from a room to where they lie; as <see cref="Bring"/>.</summary>
    protected abstract void Write(int layer, int room);

    /// <summary>Lets the weights of a layer be those in a room, and makes updates of them.</summary>
    protected abstract void Use(int layer, int room, LayerUpdates updates);

    /// <summary>Lets the weights of a layer be those where they lie.</summary>
    protected abstract void Release(int layer);

    /// <summary>Waits until all work with rooms that was begun has ended.</summary>
    protected abstract void Finish();

    private void Enter(int layer, int? next)
    {
        Abandon();
        if (_layers[layer] is not { } updates)
        {
            Begin(next);
            return;
        }

        Begin(layer);
        int room = Array.FindIndex(_rooms, r => r.Layer == layer);
        _rooms[room].Bringing.GetAwaiter().GetResult();
        Entered = layer;
        Begin(next);
        Use(layer, room, updates);
    }

    // A pass that ended in the middle of a layer did not leave it, nor does who reads weights beside a pass.
    private void Abandon()
    {
        if (Entered is { } entered)
        {
            Leave(entered);
        }
    }

    // What is written first makes room for what is brought next.
    private void Leave(bool writes)
    {
        int layer = Entered!.Value;
        int room = Array.FindIndex(_rooms, r => r.Layer == layer);
        Release(layer);
        if (writes)
        {
            Finish();
            _layers[layer]!.Clear();
            After(() => Write(layer, room));
        }

        // With the updates that were made, it is not what it is where it lies.
        _rooms[room].Layer = null;
        Entered = null;
    }

    // Begins to bring a layer, unless it is there.
    private void Begin(int? layer)
    {
        if (layer is not { } wanted || Array.Exists(_rooms, r => r.Layer == wanted))
        {
            return;
        }

        // What was in the room may still be computed with.
        Finish();
        int room = Entered is { } entered && _rooms[0].Layer == entered ? 1 : 0;
        _rooms[room] = new Room { Layer = wanted, Bringing = After(() => Bring(wanted, room)) };
    }

    // The next layer that is streamed, after the last one that of the next pass; null where it is the same.
    private int? Next(int layer)
    {
        for (int i = 1; i < _layers.Length; i++)
        {
            int next = (layer + i) % _layers.Length;
            if (_layers[next] is not null)
            {
                return next;
            }
        }

        return null;
    }

    // One thing at a time, in their order; after a failure nothing is done any more.
    private Task After(Action work) => _last = _last.ContinueWith(
        before =>
        {
            before.GetAwaiter().GetResult();
            work();
        },
        CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    /// <summary>A place for a layer, of which there are two: one is brought to while the other is in use.</summary>
    private struct Room
    {
        public int? Layer;
        public Task Bringing;
    }
}
