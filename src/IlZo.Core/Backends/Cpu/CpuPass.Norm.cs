using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

internal unsafe partial class CpuPass
{
    public void LayerNorm(Activation x, Parameter? weight, Parameter? bias, float epsilon, Activation y) =>
        Normalize(x, weight, bias, epsilon, y, center: true);

    public void RmsNorm(Activation x, Parameter weight, float epsilon, Activation y, float offset = 0) =>
        Normalize(x, weight, null, epsilon, y, center: false, offset);

    private void Normalize(Activation x, Parameter? weight, Parameter? bias, float epsilon, Activation y, bool center, float offset = 0)
    {
        using var use = EnterPass();
        using var heldWeight = _pass.Read(weight);
        using var heldBias = _pass.Read(bias);
        var from = Own(x);
        var to = Own(y);
        Fit.Norm(x, weight, bias, y);
        bool shared = from.IsShared && (weight is null || !IsPerturbed(weight)) && (bias is null || !IsPerturbed(bias));
        to.Prepare(shared, keep: ReferenceEquals(x, y));
        float* weights = weight is null ? null : RentVector(weight);
        float* biases = bias is null ? null : RentVector(bias);
        int size = weight?.Columns ?? x.Features;
        if (offset != 0)
        {
            var all = new Span<float>(weights, size * _points.Values);
            TensorPrimitives.Add(all, offset, all);
        }

        NormalizePanels(from, weights, biases, epsilon, to, size, center);
        if (weight is not null)
        {
            ReturnVector(weight, weights);
        }

        if (bias is not null)
        {
            ReturnVector(bias, biases);
        }
    }

    /// <summary>Normalizes all panels.</summary>
    /// <param name="x">What to normalize.</param>
    /// <param name="weights">The weights at every probe, or null.</param>
    /// <param name="biases">The biases at every probe, or null.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <param name="y">Receives the result; the same as x, or another.</param>
    /// <param name="size">Features that are normalized together.</param>
    /// <param name="center">Whether the mean is subtracted.</param>
    private protected virtual void NormalizePanels(
        CpuActivation x, float* weights, float* biases, float epsilon, CpuActivation y, int size, bool center) =>
        _pool.Run(y.AllPanels, new NormalizeWork(x, weights, biases, epsilon, y, size, center));

    // Sixteen tokens at a time, one in each lane.
    private protected static void NormalizeLanes(float* x, float* w, float* b, float epsilon, float* y, int features, bool center)
    {
        var mean = center ? SumOver(x, features, Vector512<float>.Zero, square: false) / features : Vector512<float>.Zero;
        var variance = SumOver(x, features, mean, square: true) / features;
        var scale = Vector512<float>.One / Vector512.Sqrt(variance + Vector512.Create(epsilon));
        for (int f = 0; f < features; f++)
        {
            var value = (Vector512.Load(x + (f * Panel.Lanes)) - mean) * scale;
            value = w == null ? value : value * w[f];
            value = b == null ? value : value + Vector512.Create(b[f]);
            value.Store(y + (f * Panel.Lanes));
        }
    }

    // Σ(x − mean) or its square, in four interleaved sums: shorter chains and less rounding than one.
    private protected static Vector512<float> SumOver(float* x, int features, Vector512<float> mean, bool square)
    {
        var s0 = Vector512<float>.Zero;
        var s1 = s0;
        var s2 = s0;
        var s3 = s0;
        int f = 0;
        for (; f <= features - 4; f += 4, x += 4 * Panel.Lanes)
        {
            s0 += Term(x, mean, square);
            s1 += Term(x + Panel.Lanes, mean, square);
            s2 += Term(x + (2 * Panel.Lanes), mean, square);
            s3 += Term(x + (3 * Panel.Lanes), mean, square);
        }

        for (; f < features; f++, x += Panel.Lanes)
        {
            s0 += Term(x, mean, square);
        }

        return (s0 + s1) + (s2 + s3);
    }

    private static Vector512<float> Term(float* x, Vector512<float> mean, bool square)
    {
        var difference = Vector512.Load(x) - mean;
        return square ? difference * difference : difference;
    }

    private readonly struct NormalizeWork(
        CpuActivation x, float* weights, float* biases, float epsilon, CpuActivation y, int size, bool center) : IWork
    {
        public void Do(int item, int worker)
        {
            int probe = item / y.Panels;
            long offset = (long)probe * size;
            float* w = weights == null ? null : weights + offset;
            float* b = biases == null ? null : biases + offset;
            for (int first = 0; first < x.Features * Panel.Lanes; first += size * Panel.Lanes)
            {
                for (int lane = first; lane < first + Panel.Lanes; lane += Vector512<float>.Count)
                {
                    NormalizeLanes(x.At(probe, item % x.Panels) + lane, w, b, epsilon, y.At(item) + lane, size, center);
                }
            }
        }
    }
}
