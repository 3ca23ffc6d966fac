namespace IlZo.Tensors;

/// <summary>One fp32 number for every element of some tensors, zero at first: what an optimizer keeps beside the weights.</summary>
public sealed unsafe class ParameterState : IDisposable
{
    private readonly Dictionary<Parameter, long> _offsets = [];
    private readonly NativeBuffer _buffer;

    /// <param name="parameters">The tensors to keep numbers for.</param>
    public ParameterState(IEnumerable<Parameter> parameters)
    {
        long count = 0;
        foreach (var parameter in parameters)
        {
            _offsets.Add(parameter, count);
            count += parameter.Count;
        }

        _buffer = new NativeBuffer(count * sizeof(float));
    }

    /// <summary>Bytes it takes once all of it was written.</summary>
    public long ByteCount => _buffer.ByteCount;

    /// <summary>Whether there are numbers for a tensor.</summary>
    public bool Has(Parameter parameter) => _offsets.ContainsKey(parameter);

    /// <summary>The numbers of a slice, to read and to write.</summary>
    internal Span<float> At(in WeightSlice slice, int count) => new(At(slice), count);

    /// <summary>The first number of a slice.</summary>
    internal float* At(in WeightSlice slice) => (float*)_buffer.Data + _offsets[slice.Parameter] + slice.Start;

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _buffer.Dispose();
}
