using ILGPU;

namespace IlZo.Kernels;

/// <summary>A number for every element of a tensor, as a kernel has it: <see cref="IlZo.Perturbations.ElementNumbers"/>.</summary>
public interface INumbers
{
    /// <summary>Whether there are any.</summary>
    static abstract bool AreThere { get; }

    /// <summary>The number of an element that the tensor has.</summary>
    /// <param name="index">The element's number in the tensor.</param>
    /// <param name="column">Its column.</param>
    float Load(long index, int column);

    /// <summary>Keeps the number of an element, where it is a state.</summary>
    void Store(long index, float value);
}

/// <summary>No numbers.</summary>
public readonly struct NoNumbers : INumbers
{
    public static bool AreThere => false;

    public float Load(long index, int column) => 0;

    public void Store(long index, float value)
    {
    }
}

/// <summary>Numbers that an optimizer keeps.</summary>
public readonly struct StateNumbers(ArrayView<float> state) : INumbers
{
    private readonly ArrayView<float> _state = state;

    public static bool AreThere => true;

    public float Load(long index, int column) => _state[index];

    public void Store(long index, float value) => _state[index] = value;
}

/// <summary>A number for each column.</summary>
public readonly struct ColumnNumbers(ArrayView<float> columns) : INumbers
{
    private readonly ArrayView<float> _columns = columns;

    public static bool AreThere => true;

    public float Load(long index, int column) => _columns[column];

    public void Store(long index, float value)
    {
    }
}

/// <summary>Weights that are stored beside the model's.</summary>
public readonly struct StoredNumbers<TFormat>(WeightView stored) : INumbers
    where TFormat : struct, IWeightFormat
{
    private readonly WeightView _stored = stored;

    public static bool AreThere => true;

    public float Load(long index, int column) => TFormat.Load(_stored, index);

    public void Store(long index, float value)
    {
    }
}
