using System.Diagnostics;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    // Rows of W a worker packs at a time; fewer where that would leave a thread without work.
    private static readonly int[] s_blockRows = [384, 192, 96, 48];

    public void Linear(
        Activation x, Parameter weight, Parameter? bias, Activation y, bool accumulate = false, ActivationFunction? activation = null)
    {
        var from = (CpuActivation)x;
        var to = (CpuActivation)y;
        if (weight.Columns != x.Features || weight.Rows != y.Features)
        {
            throw new ArgumentException($"'{weight.Name}' maps {weight.Columns} features to {weight.Rows}, not {x.Features} to {y.Features}.");
        }

        float* biases = bias is null ? null : RentVector(bias);
        if (IsDecoding(from))
        {
            DecodeLinear(from, weight, biases, to, accumulate, activation);
        }
        else
        {
            int blockRows = BlockRows(weight.Rows, x.Tokens);
            _pool.Run((weight.Rows + blockRows - 1) / blockRows, (block, worker) =>
            {
                int row = block * blockRows;
                LinearBlock(from, weight, biases, to, accumulate, activation, row, Math.Min(blockRows, weight.Rows - row), worker);
            });
        }

        if (bias is not null)
        {
            ReturnVector(bias, biases);
        }
    }

    // Every block reads all of X once, from a cache or from memory, so the more tokens there are the larger it should be; the packed slices of
    // both probes (80 kB for 48 rows, 640 kB for 384) must stay in the second-level cache.
    private int BlockRows(int rows, int tokens)
    {
        int largest = tokens >= 2048 ? 384 : tokens >= 512 ? 192 : 48;
        return Array.Find(s_blockRows, r => r <= largest && rows >= 2 * r * _pool.Count) is var found and > 0 ? found : s_blockRows[^1];
    }

    private void LinearBlock(
        CpuActivation x,
        Parameter weight,
        float* biases,
        CpuActivation y,
        bool accumulate,
        ActivationFunction? activation,
        int row,
        int rows,
        int worker)
    {
        var scratch = _scratch[worker];
        long probeStride = (long)Panel.Padded(rows) * Panel.Stride;
        float* packed = scratch.Packed(probeStride * _probes.Count);
        long time = Stopwatch.GetTimestamp();
        for (int column = 0; column < weight.Columns; column += Panel.Depth)
        {
            int depth = Math.Min(Panel.Depth, weight.Columns - column);
            bool last = column + depth == weight.Columns;
            WeightReader.Pack(weight, row, rows, column, depth, _probes, packed, scratch);
            time = Profile.Add(CpuProfile.Part.Packing, worker, time);
            for (int panel = 0; panel < y.AllPanels; panel++)
            {
                int probe = panel / y.Panels;
                float* tile = y.At(panel) + ((long)row * Panel.Lanes);
                if (column == 0)
                {
                    StartTile(tile, biases == null ? null : biases + ((long)probe * weight.Rows) + row, rows, accumulate);
                }

                Panel.Multiply(packed + (probe * probeStride), rows, x.At(panel) + ((long)column * Panel.Lanes), tile, depth);
                if (last && activation is { } function)
                {
                    Apply(function, new Span<float>(tile, rows * Panel.Lanes));
                }
            }

            time = Profile.Add(CpuProfile.Part.Products, worker, time);
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
