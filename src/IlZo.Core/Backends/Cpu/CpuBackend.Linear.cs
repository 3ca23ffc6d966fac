using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    // Rows of W a worker packs at a time: the packed slice of both probes (80 kB) stays in the second-level cache.
    private const int LinearRows = 48;

    public void Linear(Activation x, Parameter weight, Parameter? bias, Activation y, bool accumulate = false)
    {
        var from = (CpuActivation)x;
        var to = (CpuActivation)y;
        if (weight.Columns != x.Features || weight.Rows != y.Features)
        {
            throw new ArgumentException($"'{weight.Name}' maps {weight.Columns} features to {weight.Rows}, not {x.Features} to {y.Features}.");
        }

        float* biases = bias is null ? null : RentVector(bias);
        int blocks = (weight.Rows + LinearRows - 1) / LinearRows;
        _pool.Run(blocks, (block, worker) => LinearBlock(from, weight, biases, to, accumulate, block * LinearRows, _scratch[worker]));
        if (bias is not null)
        {
            ReturnVector(bias, biases);
        }
    }

    private void LinearBlock(
        CpuActivation x, Parameter weight, float* biases, CpuActivation y, bool accumulate, int row, WorkerScratch scratch)
    {
        int rows = Math.Min(LinearRows, weight.Rows - row);
        long probeStride = (long)Panel.Padded(rows) * Panel.Stride;
        float* packed = scratch.Packed(probeStride * _probes.Count);
        for (int panel = 0; panel < y.AllPanels; panel++)
        {
            float* b = biases == null ? null : biases + ((long)(panel / y.Panels) * weight.Rows) + row;
            StartTile(y.At(panel) + ((long)row * Panel.Lanes), b, rows, accumulate);
        }

        for (int column = 0; column < weight.Columns; column += Panel.Depth)
        {
            int depth = Math.Min(Panel.Depth, weight.Columns - column);
            WeightReader.Pack(weight, row, rows, column, depth, _probes, packed, scratch);
            for (int panel = 0; panel < y.AllPanels; panel++)
            {
                Panel.Multiply(
                    packed + (panel / y.Panels * probeStride),
                    rows,
                    x.At(panel) + ((long)column * Panel.Lanes),
                    y.At(panel) + ((long)row * Panel.Lanes),
                    depth);
            }
        }
    }

    // What the products are added to: the bias, what was there before, both, or nothing.
    private static void StartTile(float* y, float* bias, int rows, bool accumulate)
    {
        for (int r = 0; r < rows; r++)
        {
            var row = new Span<float>(y + (r * Panel.Lanes), Panel.Lanes);
            float b = bias == null ? 0 : bias[r];
            if (!accumulate)
            {
                row.Fill(b);
            }
            else if (b != 0)
            {
                System.Numerics.Tensors.TensorPrimitives.Add(row, b, row);
            }
        }
    }
}
