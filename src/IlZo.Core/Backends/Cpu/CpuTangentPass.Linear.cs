using System.Diagnostics;

namespace IlZo.Backends.Cpu;

internal sealed unsafe partial class CpuTangentPass
{
    private protected override int ProductsOf(bool isShared, PassPoints points, int parts) =>
        1 + (isShared ? 0 : 1) + (points.AreStored ? 0 : 1);

    // y = W x + b and ẏ = W ẋ + U x + ḃ, where U and ḃ are the direction's elements: W is read and packed once for both.
    private protected override void LinearBlock(
        PanelOperand x,
        in WeightBlock weights,
        float* biases,
        CpuActivation y,
        bool accumulate,
        ActivationFunction? activation,
        int worker)
    {
        if (y.IsShared)
        {
            base.LinearBlock(x, weights, biases, y, accumulate, activation, worker);
            return;
        }

        long time = Stopwatch.GetTimestamp();
        int most = _products.Depth(weights.Outputs);
        for (int input = 0; input < x.Features; input += most)
        {
            int depth = Math.Min(most, x.Features - input);
            bool last = input + depth == x.Features;
            byte* packed = _products.Pack(weights, input, depth);
            time = _profile.Add(CpuProfile.Part.Packing, worker, time);
            for (int panel = 0; panel < y.Panels; panel++)
            {
                float* values = y.At(0, panel) + ((long)weights.First * Panel.Lanes);
                float* tangents = y.At(1, panel) + ((long)weights.First * Panel.Lanes);
                if (input == 0)
                {
                    StartTile(values, biases == null ? null : biases + weights.First, weights.Outputs, accumulate);
                    StartTile(tangents, biases == null ? null : biases + y.Features + weights.First, weights.Outputs, accumulate);
                }

                MultiplyWithTangents(x, weights, packed, panel, y.Lanes(panel), input, depth, values, tangents);
                if (last && activation is { } function)
                {
                    Apply(function, values, tangents, weights.Outputs * Panel.Lanes);
                }
            }

            time = _profile.Add(CpuProfile.Part.Products, worker, time);
        }
    }

    private void MultiplyWithTangents(
        PanelOperand x, in WeightBlock weights, byte* packed, int panel, int lanes, int input, int depth, float* values, float* tangents)
    {
        _products.Multiply(weights, packed, 0, x.At(0, panel), lanes, input, values, depth);
        if (!x.IsShared)
        {
            _products.Multiply(weights, packed, 0, x.At(1, panel), lanes, input, tangents, depth);
        }

        if (!weights.Points.AreStored)
        {
            _products.Multiply(weights, packed, 1, x.At(0, panel), lanes, input, tangents, depth);
        }
    }
}
