using ILGPU;

namespace IlZo.Kernels;

/// <summary>Rows of numbers, all of them or some consecutive columns.</summary>
/// <param name="data">From the first row's first number on.</param>
/// <param name="pitch">Numbers from one row to the next.</param>
public readonly struct RowsView(ArrayView<float> data, int pitch)
{
    public readonly int Pitch = pitch;
    private readonly ArrayView<float> _data = data;

    /// <summary>A number of a row.</summary>
    public ref float this[long row, int column] => ref _data[(row * Pitch) + column];
}
