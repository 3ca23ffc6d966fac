using System.Diagnostics;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

internal unsafe partial class CpuPass
{
    public virtual void Linear(
        Activation x,
        Parameter weight,
        Parameter? bias,
        Activation y,
        bool accumulate = false,
        ActivationFunction? activation = null,
        WeightLayout layout = WeightLayout.OutIn)
    {
        using var use = EnterPass();
        using var heldWeight = _pass.Read(weight);
        using var heldBias = _pass.Read(bias);
        layout.RequireFit(weight, x, y);
        var from = Own(x);
        var to = Own(y);
        var points = PointsOf(weight);
        bool shared = from.IsShared && points.AreStored && (bias is null || !IsPerturbed(bias)) && (to.IsShared || !accumulate);
        to.Prepare(shared, keep: accumulate);
        _profile.CountProducts((long)weight.Rows * weight.Columns * x.Tokens * ProductsOf(from.IsShared, points, to.Parts));
        float* biases = bias is null ? null : RentVector(bias);
        if (IsDecoding)
        {
            DecodeLinear(from, weight, layout, biases, to, accumulate, activation);
        }
        else
        {
            int block = _products.Blocks(x.Tokens, layout).Share(y.Features, _pool.Count);
            var operand = OperandOf(from);
            _pool.Run((y.Features + block - 1) / block, new LinearWork(
                this, operand, weight, layout, block, points, biases, to, accumulate, activation));
        }

        if (bias is not null)
        {
            ReturnVector(bias, biases);
        }
    }

    /// <summary>Products of a layer's weights with all its tokens, in an operation whose result has so many parts.</summary>
    private protected virtual int ProductsOf(bool isShared, PassPoints points, int parts) => parts;

    /// <summary>A block of a layer's outputs, for all panels.</summary>
    private protected virtual void LinearBlock(
        PanelOperand x,
        in WeightBlock weights,
        float* biases,
        CpuActivation y,
        bool accumulate,
        ActivationFunction? activation,
        int worker)
    {
        long time = Stopwatch.GetTimestamp();
        int most = _products.Depth(weights.Outputs);
        for (int input = 0; input < x.Features; input += most)
        {
            int depth = Math.Min(most, x.Features - input);
            bool last = input + depth == x.Features;
            byte* packed = _products.Pack(weights, input, depth);
            time = _profile.Add(CpuProfile.Part.Packing, worker, time);
            for (int panel = 0; panel < y.AllPanels; panel++)
            {
                int probe = panel / y.Panels;
                int part = panel % y.Panels;
                float* tile = y.At(panel) + ((long)weights.First * Panel.Lanes);
                if (input == 0)
                {
                    StartTile(
                        tile, biases == null ? null : biases + ((long)probe * y.Features) + weights.First, weights.Outputs, accumulate);
                }

                _products.Multiply(weights, packed, probe, x.At(probe, part), y.Lanes(part), input, tile, depth);
                if (last && activation is { } function)
                {
                    Apply(function, new Span<float>(tile, weights.Outputs * Panel.Lanes));
                }
            }

            time = _profile.Add(CpuProfile.Part.Products, worker, time);
        }
    }

    // What the products are added to: the bias, what was there before, both, or nothing.
    private protected static void StartTile(float* y, float* bias, int rows, bool accumulate)
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

    private readonly struct LinearWork(
        CpuPass pass,
        PanelOperand x,
        Parameter weight,
        WeightLayout layout,
        int block,
        PassPoints points,
        float* biases,
        CpuActivation y,
        bool accumulate,
        ActivationFunction? activation) : IWork
    {
        public void Do(int item, int worker)
        {
            int first = item * block;
            var weights = new WeightBlock(weight, layout, first, Math.Min(block, y.Features - first), points, pass._scratch[worker]);
            pass.LinearBlock(x, weights, biases, y, accumulate, activation, worker);
        }
    }
}
