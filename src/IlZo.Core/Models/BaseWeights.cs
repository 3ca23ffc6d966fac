using IlZo.Arithmetic;
using IlZo.Checkpoints;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>
/// The weights that a run started from, read from its checkpoint when they are asked for: a second mapping of the files, of which
/// only pages in use take memory. They are rounded to the type of the trained weights, so that untrained weights equal them exactly.
/// </summary>
/// <param name="tensors">The stored tensor of each parameter.</param>
/// <param name="memory">What they lie in; it is disposed with this object.</param>
/// <remarks>Several threads may read at a time; after <see cref="Dispose"/> reading throws <see cref="ObjectDisposedException"/>.</remarks>
internal sealed unsafe class BaseWeights(
    IReadOnlyDictionary<Parameter, TensorEntry> tensors, IDisposable memory) : IStoredNumbers, IDisposable
{
    private bool _isDisposed;

    /// <summary>Opens the checkpoint of a model once more.</summary>
    /// <param name="folder">The checkpoint, opened for this purpose.</param>
    /// <param name="model">The model whose parameters will be asked for.</param>
    public static BaseWeights Open(CheckpointFolder folder, LanguageModel model)
    {
        var tensors = new Dictionary<Parameter, TensorEntry>();
        foreach (var (name, parameter) in model.Stored)
        {
            tensors.TryAdd(parameter, folder.Tensors[name]);
        }

        return new BaseWeights(tensors, folder);
    }

    /// <summary>Weights that are in no checkpoint.</summary>
    /// <param name="values">The numbers of each parameter, row-major.</param>
    public static BaseWeights Of(IReadOnlyDictionary<Parameter, float[]> values)
    {
        var memory = new NativeBuffer(values.Values.Sum(v => (long)v.Length) * sizeof(float));
        var tensors = new Dictionary<Parameter, TensorEntry>();
        float* next = (float*)memory.Data;
        foreach (var (parameter, numbers) in values)
        {
            numbers.CopyTo(new Span<float>(next, numbers.Length));
            tensors.Add(parameter, new TensorEntry(string.Empty, parameter.Name, StoredType.Name(DType.F32), parameter.Shape, next));
            next += numbers.Length;
        }

        return new BaseWeights(tensors, memory);
    }

    /// <summary>Reads consecutive columns of one row.</summary>
    public void Read(in WeightSlice slice, Span<float> destination)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var parameter = slice.Parameter;
        var tensor = tensors[parameter];
        _ = StoredType.TryGetDType(tensor.Type, out var type);
        fixed (float* to = destination)
        {
            long rowBytes = type.Layout().Bytes(parameter.Columns);
            Widening.Read(type, tensor.Data + (slice.Row * rowBytes), slice.Column, to, destination.Length);
        }

        if (type != parameter.Type)
        {
            WeightLoader.RoundTo(parameter.Type, destination);
        }
    }

    public void Dispose()
    {
        _isDisposed = true;
        memory.Dispose();
    }
}
