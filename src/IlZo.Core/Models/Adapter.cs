using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>A tensor of an adapter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Role">What it is.</param>
/// <param name="Layer">The layer of the model that it belongs to; null outside of layers.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Columns">Its columns.</param>
internal readonly record struct AdapterTensor(string Name, TensorRole Role, int? Layer, int Rows, int Columns);

/// <summary>
/// Small tensors that are trained in the place of a model's own weights. They are kept in fp32 whatever the model's type is: they are
/// little of the memory, mostly start at zero or near it, and get updates far below the spacing of 16-bit numbers. Tensors of a
/// classification head, which start at random, may be trained and saved with them.
/// </summary>
/// <remarks>
/// Once it is part of its model its memory is the model's: <see cref="Dispose"/> leaves it alone, and the model's gives it back.
/// </remarks>
internal abstract unsafe class Adapter : IDisposable
{
    private readonly NativeBuffer _memory;

    /// <param name="model">The model that the adapter is for.</param>
    /// <param name="tensors">Its tensors.</param>
    private protected Adapter(LanguageModel model, IReadOnlyList<AdapterTensor> tensors)
    {
        Model = model;
        _memory = new NativeBuffer(checked(tensors.Sum(t => (long)t.Rows * t.Columns) * sizeof(float)));
        var parameters = new List<Parameter>();
        float* next = (float*)_memory.Data;
        foreach (var (name, role, layer, rows, columns) in tensors)
        {
            parameters.Add(new Parameter(name, [rows, columns], DType.F32, next, role) { Layer = layer });
            next += (long)rows * columns;
        }

        Parameters = parameters;
    }

    /// <summary>Its tensors, in the order in which they lie in memory.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>
    /// The tensors of the model's own classification head that are trained and saved too, by the names that transformers gives them.
    /// </summary>
    public IReadOnlyDictionary<string, Parameter> Head { get; init; } = new Dictionary<string, Parameter>();

    /// <summary>What is added to the positions of texts.</summary>
    public virtual int PositionShift => 0;

    /// <summary>Puts it where the model's layers find it, beyond <see cref="LanguageModel.Adapter"/>.</summary>
    internal virtual void Connect()
    {
    }

    /// <summary>Takes it away from there.</summary>
    internal virtual void Disconnect()
    {
    }

    /// <summary>Keys and values that all tokens of a layer see before those of their text, or null.</summary>
    internal virtual KeyValuePrefix? PrefixOf(int layer) => null;

    /// <summary>What its tensors lie in.</summary>
    internal IDisposable Memory => _memory;

    /// <summary>The model that the adapter is for.</summary>
    private protected LanguageModel Model { get; }

    /// <summary>Writes the adapter as it is now in PEFT's format, as a whole or not at all.</summary>
    /// <param name="folder">The folder to create, or a saved adapter to replace.</param>
    /// <param name="extraFiles">Further files for the folder, by name: a chat template.</param>
    /// <param name="cancellation">Ends the work between two tensors; the folder is as it was.</param>
    /// <exception cref="InvalidInputException">The folder holds something else.</exception>
    /// <exception cref="IOException">Writing failed; the folder is as it was.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public abstract void Save(
        string folder, IReadOnlyDictionary<string, byte[]>? extraFiles = null, CancellationToken cancellation = default);

    /// <summary>
    /// Adds its effect to the weights of its model, rounded to nearest even in their type, and has none itself after that.
    /// </summary>
    /// <exception cref="InvalidInputException">Weights cannot stand for the adapter, or a sum is outside the range of their
    /// type.</exception>
    internal abstract void Merge();

    public void Dispose()
    {
        if (!Model.Has(this))
        {
            foreach (var parameter in Parameters)
            {
                parameter.Release();
            }

            _memory.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>The numbers of all tensors that are trained as they are now.</summary>
    internal IReadOnlyDictionary<Parameter, float[]> Copy() => Parameters.Concat(Head.Values).ToDictionary(p => p, p =>
    {
        float[] values = new float[p.Count];
        for (int row = 0; row < p.Rows; row++)
        {
            WeightLoader.ReadRow(p, row, values.AsSpan(row * p.Columns, p.Columns));
        }

        return values;
    });

    /// <summary>The numbers of one of the tensors, row-major.</summary>
    internal static Span<float> Values(Parameter tensor) => new((float*)tensor.Data, checked((int)tensor.Count));

    /// <summary>One row of a tensor.</summary>
    internal static Span<float> Row(Parameter tensor, int row) => new((float*)tensor.At(row, 0), tensor.Columns);
}
