using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// A copy of some weights, in the type they are stored in: it takes as much memory as they do, and is exact. It is where the weights are,
/// in the memory of a device too.
/// </summary>
internal sealed unsafe class WeightCopy : IStoredNumbers, IDisposable
{
    private readonly Dictionary<Parameter, long> _offsets = [];
    private readonly NativeBuffer _buffer;

    /// <param name="parameters">The tensors.</param>
    public WeightCopy(IReadOnlyList<Parameter> parameters)
    {
        Parameters = parameters;
        long bytes = 0;
        foreach (var p in parameters)
        {
            _offsets.Add(p, bytes);
            bytes += p.ByteCount;
        }

        _buffer = new NativeBuffer(bytes);
    }

    /// <summary>The tensors.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Bytes it takes once weights were kept.</summary>
    public long ByteCount => _buffer.ByteCount;

    /// <summary>Copies the weights from the host's memory.</summary>
    /// <param name="parallel">Calls a function for every number below the first argument.</param>
    internal void Keep(Action<int, Action<int>> parallel)
    {
        var shares = RowBlock.Of(Parameters);
        parallel(shares.Count, i =>
        {
            var (p, row, rows) = shares[i];
            long bytes = (long)rows * p.Columns * p.Type.Size();
            Buffer.MemoryCopy(p.At(row, 0), At(new WeightSlice(p, row, 0)), bytes, bytes);
        });
    }

    /// <summary>Reads weights that are kept in the host's memory.</summary>
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
