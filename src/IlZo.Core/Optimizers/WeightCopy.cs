using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>A copy of some weights, in the type they are stored in: it takes as much memory as they do, and is exact.</summary>
internal sealed unsafe class WeightCopy : IDisposable
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Dictionary<Parameter, long> _offsets = [];
    private readonly NativeBuffer _buffer;

    /// <param name="parameters">The tensors.</param>
    public WeightCopy(IReadOnlyList<Parameter> parameters)
    {
        _parameters = parameters;
        long bytes = 0;
        foreach (var p in parameters)
        {
            _offsets.Add(p, bytes);
            bytes += p.ByteCount;
        }

        _buffer = new NativeBuffer(bytes);
    }

    /// <summary>Bytes it takes once weights were kept.</summary>
    public long ByteCount => _buffer.ByteCount;

    /// <summary>Copies the weights as they are now.</summary>
    public void Keep(IBackend backend)
    {
        var shares = RowBlock.Of(_parameters);
        backend.Parallel(shares.Count, i =>
        {
            var (p, row, rows) = shares[i];
            long bytes = (long)rows * p.Columns * p.Type.Size();
            Buffer.MemoryCopy(p.At(row, 0), At(new WeightSlice(p, row, 0)), bytes, bytes);
        });
    }

    /// <summary>Reads kept weights.</summary>
    public void Read(in WeightSlice slice, Span<float> destination)
    {
        fixed (float* to = destination)
        {
            Widening.Read(slice.Parameter.Type, At(slice), to, destination.Length);
        }
    }

    public void Dispose() => _buffer.Dispose();

    private byte* At(in WeightSlice slice) =>
        (byte*)_buffer.Data + _offsets[slice.Parameter] + (slice.Start * slice.Parameter.Type.Size());
}
