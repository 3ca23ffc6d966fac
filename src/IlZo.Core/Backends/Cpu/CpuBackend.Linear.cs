using System.Diagnostics;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    // Outputs a worker packs at a time; fewer where that would leave a thread without work.
    private static readonly int[] s_blockRows = [384, 192, 96, 48];

    // The same where outputs are columns: whole groups of noise.
    private static readonly int[] s_blockColumns = [384, 192, 128, 64];

    public void Linear(
        Activation x,
        Parameter weight,
        Parameter? bias,
        Activation y,
        bool accumulate = false,
        ActivationFunction? activation = null,
        WeightLayout layout = WeightLayout.OutIn)
    {
        var from = (CpuActivation)x;
        var to = (CpuActivation)y;
        var (outputs, inputs) = layout == WeightLayout.OutIn ? (weight.Rows, weight.Columns) : (weight.Columns, weight.Rows);
        if (inputs != x.Features || outputs != y.Features)
        {
            throw new ArgumentException($"'{weight.Name}' maps {inputs} features to {outputs}, not {x.Features} to {y.Features}.");
        }

        var points = PointsOf(weight);
        bool shared = from.IsShared && points == s_stored && (bias is null || !IsPerturbed(bias)) && (to.IsShared || !accumulate);
        to.Prepare(shared, keep: accumulate);
        Profile.CountProducts((long)weight.Rows * weight.Columns * x.Tokens * (to.AllPanels / to.Panels));
        float* biases = bias is null ? null : RentVector(bias);
        if (IsDecoding(from))
        {
            DecodeLinear(from, weight, layout, biases, to, accumulate, activation);
        }
        else
        {
            int block = BlockOutputs(outputs, x.Tokens, layout);
            _pool.Run((outputs + block - 1) / block, (item, worker) =>
            {
                int first = item * block;
                var weights = new PackedWeights(weight, layout, first, Math.Min(block, outputs - first), points, _scratch[worker]);
                LinearBlock(from, weights, biases, to, accumulate, activation, worker);
            });
        }

        if (bias is not null)
        {
            ReturnVector(bias, biases);
        }
    }

    // Every block reads all of X once, from a cache or from memory, so the more tokens there are the larger it should be; the packed slices of
    // both probes (80 kB for 48 outputs, 640 kB for 384) must stay in the second-level cache.
    private int BlockOutputs(int outputs, int tokens, WeightLayout layout)
    {
        int[] sizes = layout == WeightLayout.OutIn ? s_blockRows : s_blockColumns;
        int largest = tokens >= 2048 ? 384 : tokens >= 512 || layout == WeightLayout.InOut ? 192 : 48;
        return Array.Find(sizes, r => r <= largest && outputs >= 2 * r * _pool.Count) is var found and > 0 ? found : sizes[^1];
    }

    private void LinearBlock(
        CpuActivation x, in PackedWeights weights, float* biases, CpuActivation y, bool accumulate, ActivationFunction? activation, int worker)
    {
        long time = Stopwatch.GetTimestamp();
        for (int input = 0; input < x.Features; input += Panel.Depth)
        {
            int depth = Math.Min(Panel.Depth, x.Features - input);
            bool last = input + depth == x.Features;
            weights.Pack(input, depth);
            time = Profile.Add(CpuProfile.Part.Packing, worker, time);
            for (int panel = 0; panel < y.AllPanels; panel++)
            {
                int probe = panel / y.Panels;
                float* tile = y.At(panel) + ((long)weights.First * Panel.Lanes);
                if (input == 0)
                {
                    StartTile(tile, biases == null ? null : biases + ((long)probe * y.Features) + weights.First, weights.Outputs, accumulate);
                }

                weights.Multiply(probe, x.At(probe, panel % x.Panels) + ((long)input * Panel.Lanes), tile, depth);
                if (last && activation is { } function)
                {
                    Apply(function, new Span<float>(tile, weights.Outputs * Panel.Lanes));
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
