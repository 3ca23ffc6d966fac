using System.Runtime.CompilerServices;
using IlZo.Kernels;
using IlZo.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>The weights of a model on a device, or those of them that stay there.</summary>
/// <param name="stream">The device's work.</param>
/// <param name="memory">Its memory.</param>
/// <param name="begin">Begins to stream the others.</param>
internal sealed unsafe class DeviceWeights(
    DeviceStream stream, DeviceMemory memory, Func<ParameterSet, StreamPlan, StreamedDeviceWeights> begin) : IDisposable
{
    private const string Purpose = "weights";

    // Bytes that are copied at a time, through page-locked memory.
    private const int ChunkBytes = 16 << 20;

    private readonly Dictionary<Parameter, (MemoryBuffer Buffer, WeightView View)> _weights = [];
    private readonly HashSet<Parameter> _changed = [];

    /// <summary>Those that come to the device in each pass; null where all stay.</summary>
    public StreamedDeviceWeights? Streamed { get; private set; }

    public WeightView this[Parameter parameter] => _weights.TryGetValue(parameter, out var weight) ? weight.View
        : Streamed?.Contains(parameter) == true ? Streamed.View(parameter)
        : throw new InvalidOperationException($"'{parameter.Name}' was not loaded to the device.");

    /// <summary>Replaces all weights by others, or by none if that is cancelled.</summary>
    /// <param name="parameters">The weights.</param>
    /// <param name="plan">Which of them do not stay; null for all staying.</param>
    /// <param name="cancellation">Ends the work between two tensors.</param>
    public void Load(ParameterSet parameters, StreamPlan? plan, CancellationToken cancellation)
    {
        Clear();
        memory.Require(
            plan is null ? parameters.ByteCount : plan.ResidentBytes + StreamedDeviceWeights.BytesOf(plan), Purpose);
        var staging = memory.TakePageLocked(Math.Min(ChunkBytes, parameters.All.Max(p => p.ByteCount)), Purpose);
        try
        {
            foreach (var p in parameters.All.Where(p => plan?.Streams(p) != true))
            {
                cancellation.ThrowIfCancellationRequested();
                var buffer = memory.Take(HeldBytes(p), Purpose);
                _weights.Add(p, (buffer, View(p, buffer)));
                Copy(p, staging, buffer);
            }

            Streamed = plan is null ? null : begin(parameters, plan);
        }
        catch (OperationCanceledException)
        {
            stream.Wait();
            Clear();
            throw;
        }
        finally
        {
            DeviceFaults.Release(staging);
        }
    }

    /// <summary>Brings changed weights to the host.</summary>
    public void Store(ParameterSet parameters)
    {
        Streamed?.Settle();
        foreach (var p in parameters.All.Where(_changed.Remove))
        {
            stream.Enqueue(Bytes(p), p.Data, p.ByteCount);
        }

        stream.Wait();
    }

    /// <summary>Notes that the device's weights differ from the host's.</summary>
    public void Change(Parameter parameter) => _changed.Add(parameter);

    /// <summary>A tensor as it is stored.</summary>
    public ArrayView<byte> Bytes(Parameter parameter) => Streamed?.Contains(parameter) == true
        ? Streamed.Bytes(parameter)
        : new(_weights[parameter].Buffer, 0, parameter.ByteCount);

    public void Dispose() => Clear();

    /// <summary>A buffer that holds weights of a tensor from some byte on, in their type; blocks are words of 16 bits.</summary>
    public static WeightView View(Parameter p, MemoryBuffer buffer, long start = 0) => p.Type == DType.F32
        ? new WeightView(new ArrayView<float>(buffer, start / sizeof(float), p.Count), ArrayView<ushort>.Empty)
        : new WeightView(ArrayView<float>.Empty, new ArrayView<ushort>(buffer, start / sizeof(ushort), HeldBytes(p) / sizeof(ushort)));

    // Blocks may end in the middle of a word.
    private static long HeldBytes(Parameter p) => p.ByteCount + (p.ByteCount % sizeof(ushort));

    private void Copy(Parameter p, PageLockedArray1D<byte> staging, MemoryBuffer to)
    {
        for (long offset = 0; offset < p.ByteCount; offset += ChunkBytes)
        {
            int count = (int)Math.Min(ChunkBytes, p.ByteCount - offset);
            new ReadOnlySpan<byte>(p.Data + offset, count).CopyTo(staging.Span);
            stream.Enqueue((byte*)Unsafe.AsPointer(ref staging.Span[0]), new ArrayView<byte>(to, offset, count), count);
            stream.Wait();
        }
    }

    private void Clear()
    {
        Streamed?.Close();
        Streamed = null;
        foreach (var (p, weight) in _weights)
        {
            memory.Give(weight.Buffer, HeldBytes(p));
        }

        _weights.Clear();
        _changed.Clear();
    }
}
