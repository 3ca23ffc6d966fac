using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>
/// The weights that a run started from, read from its checkpoint when they are asked for: a second mapping of the files, of which
/// only pages in use take memory. They are rounded to the type of the trained weights, so that untrained weights equal them exactly.
/// </summary>
public sealed unsafe class BaseWeights : IDisposable
{
    private readonly CheckpointFolder _folder;
    private readonly Dictionary<Parameter, TensorEntry> _tensors = [];

    /// <param name="folder">The checkpoint, opened for this purpose; it is closed with this object.</param>
    /// <param name="model">The model whose parameters will be asked for.</param>
    public BaseWeights(CheckpointFolder folder, LanguageModel model)
    {
        _folder = folder;
        foreach (var (name, parameter) in model.Stored)
        {
            _tensors.TryAdd(parameter, folder.Tensors[name]);
        }
    }

    /// <summary>Reads consecutive columns of one row.</summary>
    public void Read(Parameter parameter, int row, int column, Span<float> destination)
    {
        var tensor = _tensors[parameter];
        _ = StoredType.TryGetDType(tensor.Type, out var type);
        fixed (float* to = destination)
        {
            Widening.Read(type, tensor.Data + ((((long)row * parameter.Columns) + column) * type.Size()), to, destination.Length);
        }

        if (type != parameter.Type)
        {
            WeightLoader.RoundTo(parameter.Type, destination);
        }
    }

    public void Dispose() => _folder.Dispose();
}
