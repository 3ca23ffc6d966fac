using System.Runtime.CompilerServices;
using IlZo.Backends.Streaming;
using IlZo.Kernels;
using IlZo.Tensors;
using IlZo.Updates;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// Layers that stay in the host's memory and come to the device in each pass, one while another is computed. They go through two pieces of
/// page-locked memory, of which one is filled while the device copies from the other, on a stream of their own; the host waits for the
/// device once for each of them, before its room is used again.
/// </summary>
internal sealed unsafe class StreamedDeviceWeights : LayerStream
{
    private const string Purpose = "weights that are streamed";

    // Bytes that are copied at a time, and those that a thread of the host copies of them.
    private const int PieceBytes = 16 << 20;
    private const int ThreadBytes = 2 << 20;

    private readonly Layer?[] _layers;
    private readonly Accelerator _accelerator;
    private readonly DeviceMemory _memory;
    private readonly DeviceStream _work;
    private readonly AcceleratorStream _stream;
    private readonly DeviceStream _copies;
    private readonly Action<WeightUpdate> _update;
    private readonly MemoryBuffer?[] _rooms;
    private readonly PageLockedArray1D<byte>?[] _pieces = new PageLockedArray1D<byte>?[2];
    private readonly long _roomBytes;
    private int _piece;
    private int _room;

    /// <param name="parameters">The weights.</param>
    /// <param name="plan">Which of them are streamed.</param>
    /// <param name="accelerator">The device.</param>
    /// <param name="memory">Its memory.</param>
    /// <param name="work">What the device does with weights.</param>
    /// <param name="faults">Says what the device did not do.</param>
    /// <param name="update">Begins an update of tensors that are on the device.</param>
    public StreamedDeviceWeights(
        ParameterSet parameters, StreamPlan plan, Accelerator accelerator, DeviceMemory memory, DeviceStream work, DeviceFaults faults,
        Action<WeightUpdate> update)
        : base(parameters, plan)
    {
        (_accelerator, _memory, _work, _update) = (accelerator, memory, work, update);
        _layers = [.. plan.Layers.Select(tensors => tensors.Count > 0 ? new Layer(tensors) : null)];
        _rooms = new MemoryBuffer?[plan.Rooms];
        _roomBytes = _layers.Max(layer => layer?.Bytes ?? 0);
        _stream = NewStream(accelerator, faults);
        _copies = new DeviceStream(_stream, faults);
        try
        {
            for (int i = 0; i < _rooms.Length; i++)
            {
                _rooms[i] = memory.Take(_roomBytes, Purpose);
            }

            for (int i = 0; i < _pieces.Length; i++)
            {
                _pieces[i] = memory.TakePageLocked(Math.Min(_roomBytes, PieceBytes), Purpose);
            }
        }
        catch
        {
            GiveBack();
            throw;
        }

        parameters.Own(this);
    }

    /// <summary>Bytes of the device that rooms take.</summary>
    public static long BytesOf(StreamPlan plan) => plan.Rooms * plan.Layers.Max(tensors => new Layer(tensors).Bytes);

    /// <summary>A tensor in the room of its layer, which is entered for it where a pass has not done so.</summary>
    public WeightView View(Parameter parameter)
    {
        var (buffer, offset) = Find(parameter);
        return DeviceWeights.View(parameter, buffer, offset);
    }

    /// <inheritdoc cref="View"/>
    public ArrayView<byte> Bytes(Parameter parameter)
    {
        var (buffer, offset) = Find(parameter);
        return new ArrayView<byte>(buffer, offset, parameter.ByteCount);
    }

    /// <summary>Gives memory back, after what is in progress has ended.</summary>
    public void Close()
    {
        Dispose();
        GiveBack();
    }

    protected override void Bring(int layer, int room)
    {
        _accelerator.Bind();
        var (tensors, places, _) = _layers[layer]!;
        for (int i = 0; i < tensors.Length; i++)
        {
            for (long offset = 0; offset < tensors[i].ByteCount; offset += PieceBytes)
            {
                long count = Math.Min(PieceBytes, tensors[i].ByteCount - offset);
                byte* piece = NextPiece();
                Copy(tensors[i].Data + offset, piece, count);

                // The other piece is free from here on.
                _copies.Wait();
                _copies.Enqueue(piece, new ArrayView<byte>(_rooms[room]!, places[i] + offset, count), count);
            }
        }

        _copies.Wait();
    }

    protected override void Write(int layer, int room)
    {
        _accelerator.Bind();
        var (tensors, places, _) = _layers[layer]!;
        for (int i = 0; i < tensors.Length; i++)
        {
            for (long offset = 0; tensors[i].IsTrained && offset < tensors[i].ByteCount; offset += PieceBytes)
            {
                long count = Math.Min(PieceBytes, tensors[i].ByteCount - offset);
                byte* piece = NextPiece();
                _copies.Enqueue(new ArrayView<byte>(_rooms[room]!, places[i] + offset, count), piece, count);
                _copies.Wait();
                Copy(piece, tensors[i].Data + offset, count);
            }
        }
    }

    protected override void Use(int layer, int room, LayerUpdates updates)
    {
        _room = room;
        foreach (var update in updates.Waiting)
        {
            _update(update with { Parameters = [.. updates.Trained.Where(update.Parameters.Contains)] });
        }
    }

    // The host's weights are where they are.
    protected override void Release(int layer)
    {
    }

    protected override void Finish() => _work.Wait();

    private (MemoryBuffer Buffer, long Offset) Find(Parameter parameter)
    {
        int layer = parameter.Layer!.Value;
        if (Entered != layer)
        {
            Enter(layer);
        }

        return (_rooms[_room]!, _layers[layer]!.PlaceOf(parameter));
    }

    private static AcceleratorStream NewStream(Accelerator accelerator, DeviceFaults faults)
    {
        try
        {
            return accelerator.CreateStream();
        }
        catch (AcceleratorException e)
        {
            throw faults.NoStream(e);
        }
    }

    private byte* NextPiece()
    {
        _piece = 1 - _piece;
        return (byte*)Unsafe.AsPointer(ref _pieces[_piece]!.Span[0]);
    }

    // A single thread does not keep up with the device.
    private static void Copy(byte* from, byte* to, long count) => System.Threading.Tasks.Parallel.For(
        0, (int)((count + ThreadBytes - 1) / ThreadBytes), i =>
        {
            long start = (long)i * ThreadBytes;
            long bytes = Math.Min(ThreadBytes, count - start);
            Buffer.MemoryCopy(from + start, to + start, bytes, bytes);
        });

    private void GiveBack()
    {
        foreach (var room in _rooms.OfType<MemoryBuffer>())
        {
            _memory.Give(room, _roomBytes);
        }

        Array.ForEach(_pieces, DeviceFaults.Release);
        DeviceFaults.Release(_stream);
    }

    /// <summary>The tensors of a layer, and where each begins in a room.</summary>
    private sealed record Layer(Parameter[] Tensors, long[] Places, long Bytes)
    {
        public Layer(IReadOnlyList<Parameter> tensors)
            : this(
                [.. tensors], ParameterPieces.Arrange(tensors).Places, ParameterPieces.Aligned(ParameterPieces.Arrange(tensors).End))
        {
        }

        public long PlaceOf(Parameter parameter) => Places[Array.IndexOf(Tensors, parameter)];
    }
}
