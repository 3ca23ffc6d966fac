using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Gguf;

/// <summary>The rows of a tensor in the order in which a file has them, in fp32.</summary>
internal abstract class GgufRows(int rows, int columns)
{
    public int Rows => rows;

    public int Columns => columns;

    /// <summary>A parameter's own rows.</summary>
    public static GgufRows Of(Parameter parameter) => new Ordered(parameter, row => row, 0);

    /// <summary>A parameter's rows in another order.</summary>
    /// <param name="parameter">The parameter; for a vector its elements are what is ordered.</param>
    /// <param name="order">The parameter's row for each of the file's.</param>
    public static GgufRows Of(Parameter parameter, Func<int, int> order) => parameter.Shape.Count == 1
        ? new OrderedVector(parameter, order)
        : new Ordered(parameter, order, 0);

    /// <summary>A parameter's rows with a number added to each element.</summary>
    public static GgufRows Plus(Parameter parameter, float offset) => new Ordered(parameter, row => row, offset);

    /// <summary>A parameter's columns as rows.</summary>
    public static GgufRows Transposed(Parameter parameter) => new TransposedRows(parameter);

    /// <summary>Numbers that are no parameter: one row.</summary>
    public static GgufRows Of(float[] values) => new Values(values);

    /// <summary>Reads a row.</summary>
    /// <param name="row">The file's row.</param>
    /// <param name="destination">Receives <see cref="Columns"/> numbers.</param>
    public abstract void Read(int row, Span<float> destination);

    private static unsafe void Widen(Parameter parameter, int row, int column, Span<float> destination)
    {
        fixed (float* to = destination)
        {
            Widening.Read(parameter, row, column, to, destination.Length);
        }
    }

    private sealed class Ordered(Parameter parameter, Func<int, int> order, float offset) : GgufRows(parameter.Rows, parameter.Columns)
    {
        public override void Read(int row, Span<float> destination)
        {
            Widen(parameter, order(row), 0, destination);
            if (offset != 0)
            {
                System.Numerics.Tensors.TensorPrimitives.Add(destination, offset, destination);
            }
        }
    }

    private sealed class OrderedVector(Parameter parameter, Func<int, int> order) : GgufRows(1, parameter.Columns)
    {
        public override void Read(int row, Span<float> destination)
        {
            float[] all = new float[parameter.Columns];
            Widen(parameter, 0, 0, all);
            for (int i = 0; i < destination.Length; i++)
            {
                destination[i] = all[order(i)];
            }
        }
    }

    private sealed class TransposedRows(Parameter parameter) : GgufRows(parameter.Columns, parameter.Rows)
    {
        // Columns that are read at a time: a cache line of the narrowest type.
        private const int Width = 32;

        private readonly float[] _some = new float[checked(Width * parameter.Rows)];
        private int _first = -Width;

        public override void Read(int row, Span<float> destination)
        {
            if (row / Width * Width != _first)
            {
                _first = row / Width * Width;
                int count = Math.Min(Width, Rows - _first);
                for (int r = 0; r < parameter.Rows; r++)
                {
                    Widen(parameter, r, _first, _some.AsSpan(r * Width, count));
                }
            }

            for (int r = 0; r < destination.Length; r++)
            {
                destination[r] = _some[(r * Width) + row - _first];
            }
        }
    }

    private sealed class Values(float[] values) : GgufRows(1, values.Length)
    {
        public override void Read(int row, Span<float> destination) => values.CopyTo(destination);
    }
}
