using IlZo.Backends.Streaming;
using IlZo.Files;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu.Streaming;

/// <summary>
/// Layers that are read from the disk in each pass, to memory that is used again and again: pages of mapped files would have to be found
/// anew each time, and copied where they are written to. Trained layers lie in a work file.
/// </summary>
internal sealed unsafe class StreamedWeights : LayerStream
{
    private readonly StreamedLayer?[] _layers;
    private readonly WeightUpdater _updater;
    private readonly NativeBuffer[] _memory = new NativeBuffer[2];
    private WorkFile? _file;

    private StreamedWeights(ParameterSet parameters, StreamPlan plan, WeightUpdater updater)
        : base(parameters, plan)
    {
        _layers = [.. plan.Layers.Select(tensors => tensors.Count > 0 ? new StreamedLayer(tensors) : null)];
        _updater = updater;
    }

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

    /// <summary>Gives back what somebody else has read of the layers.</summary>
    public void Drop()
    {
        foreach (var layer in _layers)
        {
            layer?.Drop();
        }
    }

    /// <summary>Ends what is in progress, and gives the work file and its memory back.</summary>
    public override void Dispose()
    {
        base.Dispose();
        _file?.Dispose();
        Array.ForEach(_memory, memory => memory.Dispose());
    }

    protected override void Bring(int layer, int room) => _layers[layer]!.Read(Data(room));

    protected override void Write(int layer, int room) => _layers[layer]!.Write(Data(room));

    protected override void Use(int layer, int room, LayerUpdates updates)
    {
        var streamed = _layers[layer]!;
        streamed.Enter(Data(room));
        if (updates.Waiting.Count > 0)
        {
            _updater.Update(streamed.Blocks, [.. updates.Waiting]);
        }
    }

    protected override void Release(int layer) => _layers[layer]!.Leave();

    // Work with weights ends before its call does.
    protected override void Finish()
    {
    }

    private byte* Data(int room) => (byte*)_memory[room].Data;

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

        for (int i = 0; i < _memory.Length; i++)
        {
            _memory[i] = new NativeBuffer(_layers.Max(layer => layer?.RoomBytes ?? 0));
        }

        Parameters.Own(this);
    }
}
