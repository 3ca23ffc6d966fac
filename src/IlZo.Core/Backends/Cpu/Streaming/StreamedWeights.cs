using IlZo.Files;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Backends.Cpu.Streaming;

/// <summary>
/// Keeps the weights of some layers in memory only while a pass reads them. This decides where they are, and about nothing that is
/// computed: the layer that is needed next is read while another is computed, to memory that is used again and again; pages of mapped files
/// would have to be found anew each time, and copied where they are written to. Updates are made when weights are read, and written to a
/// work file where enough of them have come together.
/// </summary>
internal sealed class StreamedWeights : IDisposable
{
    private readonly StreamedLayer?[] _layers;
    private readonly HashSet<Parameter> _streamed;
    private readonly WeightUpdater _updater;
    private readonly int _writeEvery;
    private readonly Room[] _rooms = new Room[2];
    private Task _last = Task.CompletedTask;
    private int? _entered;
    private WorkFile? _file;
    private IReadOnlyList<Parameter> _all = [];
    private IReadOnlyList<Parameter> _others = [];

    private StreamedWeights(ParameterSet parameters, StreamPlan plan, WeightUpdater updater)
    {
        Parameters = parameters;
        _layers = [.. plan.Layers.Select(tensors => tensors.Count > 0 ? new StreamedLayer(tensors) : null)];
        _streamed = [.. plan.Layers.SelectMany(tensors => tensors)];
        (_updater, _writeEvery) = (updater, plan.WriteEvery);
    }

    /// <summary>Whose weights they are.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Begins to stream, by the plan that a set of parameters has; weights that are trained move to a work file.</summary>
    /// <param name="parameters">The weights, all of them where they were loaded.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="updater">Changes weights in memory.</param>
    /// <exception cref="InvalidInputException">The work file cannot be made.</exception>
    public static StreamedWeights Begin(ParameterSet parameters, StreamPlan plan, WeightUpdater updater)
    {
        var streamed = new StreamedWeights(parameters, plan, updater);
        long bytes = streamed._layers.Sum(layer => layer?.WorkBytes ?? 0);
        if (bytes > 0)
        {
            streamed.MoveTo(plan.WorkFolder, bytes);
        }

        streamed.Arrange();
        return streamed;
    }

    /// <summary>Takes updates, of which the layers here make their part later.</summary>
    public void Add(IEnumerable<WeightUpdate> updates)
    {
        foreach (var update in updates)
        {
            foreach (var layer in _layers)
            {
                layer?.Add(update);
            }
        }

        // Those of a log come many at a time.
        if (Array.Exists(_layers, layer => layer?.Waiting > _writeEvery))
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

    /// <summary>Sees to it that a layer is in memory with all its updates, and begins to read the next one.</summary>
    public void Enter(int layer) => Enter(layer, Next(layer));

    /// <summary>Gives back what a layer took.</summary>
    public void Leave(int layer)
    {
        if (layer == _entered)
        {
            var streamed = _layers[layer]!;
            Leave(writes: streamed.MustBeWritten || streamed.Waiting >= _writeEvery);
        }
    }

    /// <summary>Makes all updates that wait, so that the disk has the weights as they are.</summary>
    public void Settle()
    {
        Abandon();
        int[] waiting = [.. Enumerable.Range(0, _layers.Length).Where(i => _layers[i]?.Waiting > 0)];
        for (int i = 0; i < waiting.Length; i++)
        {
            Enter(waiting[i], i + 1 < waiting.Length ? waiting[i + 1] : null);
            Leave(writes: true);
        }

        _last.GetAwaiter().GetResult();
    }

    /// <summary>Gives back what somebody else has read of the layers.</summary>
    public void Drop()
    {
        foreach (var layer in _layers)
        {
            layer?.Drop();
        }
    }

    /// <summary>Ends what is in progress, and gives the work file and its memory back.</summary>
    public void Dispose()
    {
        // A failure was told to whom it concerned.
        ((IAsyncResult)_last).AsyncWaitHandle.WaitOne();
        _file?.Dispose();
        Array.ForEach(_rooms, room => room.Memory.Dispose());
    }

    private unsafe void Enter(int layer, int? next)
    {
        Abandon();
        if (_layers[layer] is not { } streamed)
        {
            Read(next);
            return;
        }

        Read(layer);
        int room = Array.FindIndex(_rooms, r => r.Layer == layer);
        _rooms[room].Reading.GetAwaiter().GetResult();
        _entered = layer;
        Read(next);
        streamed.Enter(_rooms[room].Data, _updater);
    }

    // A pass that ended in the middle of a layer did not leave it.
    private void Abandon()
    {
        if (_entered is { } entered)
        {
            Leave(entered);
        }
    }

    // What is written first makes room for what is read next.
    private unsafe void Leave(bool writes)
    {
        int room = Array.FindIndex(_rooms, r => r.Layer == _entered);
        var layer = _layers[_entered!.Value]!;
        byte* data = _rooms[room].Data;
        layer.Leave(writes);
        if (writes)
        {
            After(() => layer.Write(data));
        }

        // With the updates that were made, it is not what is on the disk.
        _rooms[room].Layer = null;
        _entered = null;
    }

    // Begins to read a layer, unless it is there.
    private unsafe void Read(int? layer)
    {
        if (layer is not { } wanted || Array.Exists(_rooms, r => r.Layer == wanted))
        {
            return;
        }

        ref var room = ref _rooms[_entered is { } entered && _rooms[0].Layer == entered ? 1 : 0];
        var streamed = _layers[wanted]!;
        byte* data = room.Data;
        room.Layer = wanted;
        room.Reading = After(() => streamed.Read(data));
    }

    private void MoveTo(string folder, long bytes)
    {
        try
        {
            _file = WorkFile.Create(folder, bytes);
            long offset = 0;
            foreach (var layer in _layers.OfType<StreamedLayer>())
            {
                layer.MoveTo(_file, offset);
                offset += layer.WorkBytes;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(
                $"'{folder}' cannot take the {bytes} bytes of trained weights beyond {Setting.WeightMemory}: {e.Message.TrimEnd('.')}; a "
                    + "folder with room for them was expected.",
                e);
        }
    }

    private void Arrange()
    {
        foreach (var layer in _layers)
        {
            layer?.Arrange();
        }

        foreach (ref var room in _rooms.AsSpan())
        {
            room.Memory = new NativeBuffer(_layers.Max(layer => layer?.RoomBytes ?? 0));
        }

        Parameters.Own(this);
    }

    // The next layer that is read anew, after the last one that of the next pass; null where it is the same.
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

    /// <summary>Memory of a layer, of which there are two: one is read to while the other is in use.</summary>
    private unsafe struct Room
    {
        public NativeBuffer Memory;
        public int? Layer;
        public Task Reading;

        public readonly byte* Data => (byte*)Memory.Data;
    }
}
