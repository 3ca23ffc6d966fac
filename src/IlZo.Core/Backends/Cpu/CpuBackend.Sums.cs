using System.Numerics.Tensors;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

internal sealed unsafe partial class CpuBackend
{
    public double[][] RowSquares(IReadOnlyList<Parameter> parameters, Direction direction)
    {
        using var use = _use.Enter();
        using var held = Read(parameters);
        _workspace.Streamed?.Settle();
        double[][] squares = [.. parameters.Select(p => new double[p.Rows])];
        var places = parameters.Zip(squares).ToDictionary(p => p.First, p => p.Second);
        var blocks = RowBlock.Of(parameters);
        RunAll(blocks.Count, i =>
        {
            var (p, first, rows) = blocks[i];
            for (int row = first; row < first + rows; row++)
            {
                places[p][row] = RowSums.Square(direction, p, row);
            }
        });
        _workspace.Streamed?.Drop();
        return squares;
    }

    public RowProducts[] Multiply(IReadOnlyList<Parameter> parameters, Direction direction, IReadOnlyList<float[]> vectors, bool weighted)
    {
        using var use = _use.Enter();
        using var held = Read(parameters);
        _workspace.Streamed?.Settle();
        RowProducts[] products = [.. parameters.Select(p => new RowProducts(new double[p.Rows], new float[p.Columns]))];
        var places = parameters.Select((p, i) => (p, i)).ToDictionary(p => p.p, p => p.i);
        var shares = RowBlock.Of(parameters, RowProducts.Share);
        float[][] sums = new float[shares.Count][];
        RunAll(shares.Count, i =>
        {
            int tensor = places[shares[i].Parameter];
            sums[i] = Multiply(direction, shares[i], vectors[tensor], weighted, products[tensor].Dots);
        });
        _workspace.Streamed?.Drop();
        for (int i = 0; i < shares.Count; i++)
        {
            float[] sum = products[places[shares[i].Parameter]].Sum;
            TensorPrimitives.Add(sum, sums[i], sum);
        }

        return products;
    }

    // d of some rows, and Σ d·δ or Σ δ over them.
    private static float[] Multiply(Direction direction, RowBlock rows, float[] a, bool weighted, double[] dots)
    {
        var p = rows.Parameter;
        float[] elements = new float[p.Columns];
        float[] sum = new float[p.Columns];
        for (int row = rows.Row; row < rows.Row + rows.Rows; row++)
        {
            direction.Fill(p, row, 0, elements);
            dots[row] = RowSums.Dot(elements, a);
            TensorPrimitives.FusedMultiplyAdd(elements, weighted ? (float)dots[row] : 1, sum, sum);
        }

        return sum;
    }
}
