using System.Runtime.Intrinsics;

namespace IlZo.Backends.Cpu;

internal sealed unsafe partial class CpuTangentPass
{
    private protected override void NormalizePanels(
        CpuActivation x, float* weights, float* biases, float epsilon, CpuActivation y, int size, bool center)
    {
        if (y.IsShared)
        {
            base.NormalizePanels(x, weights, biases, epsilon, y, size, center);
        }
        else
        {
            _pool.Run(y.Panels, new NormalizeWork(x, weights, biases, epsilon, y, size, center));
        }
    }

    // With n = (x − mean)·s, s = 1/√(var + ε): ṅ = s(ẋ − mean(ẋ)) − n s mean(n(ẋ − mean(ẋ))), ẏ = ṅ w + n ẇ + ḃ; without means where
    // nothing is centred. Sixteen tokens at a time, one in each lane.
    private static void NormalizeTangents(
        float* x, float* tangents, float* weights, float* biases, float epsilon, float* y, int size, bool center)
    {
        var mean = center ? SumOver(x, size, Vector512<float>.Zero, square: false) / size : Vector512<float>.Zero;
        var variance = SumOver(x, size, mean, square: true) / size;
        var scale = Vector512<float>.One / Vector512.Sqrt(variance + Vector512.Create(epsilon));
        var meanTangent = Vector512<float>.Zero;
        var along = Vector512<float>.Zero;
        if (tangents != null)
        {
            meanTangent = center ? SumOver(tangents, size, Vector512<float>.Zero, square: false) / size : meanTangent;
            along = SumOfProducts(x, mean, tangents, meanTangent, size) / size * scale * scale;
        }

        for (int f = 0; f < size; f++)
        {
            var normal = (Vector512.Load(x + (f * Panel.Lanes)) - mean) * scale;
            var change = tangents == null
                ? Vector512<float>.Zero
                : ((Vector512.Load(tangents + (f * Panel.Lanes)) - meanTangent) * scale) - (normal * along);
            change = weights == null ? change : (change * weights[f]) + (normal * weights[size + f]);
            change = biases == null ? change : change + Vector512.Create(biases[size + f]);
            change.Store(y + (f * Panel.Lanes));
        }
    }

    // Σ(x − mean)(t − the mean of t), in four interleaved sums.
    private static Vector512<float> SumOfProducts(float* x, Vector512<float> mean, float* t, Vector512<float> meanTangent, int count)
    {
        var s0 = Vector512<float>.Zero;
        var s1 = s0;
        var s2 = s0;
        var s3 = s0;
        int f = 0;
        for (; f <= count - 4; f += 4, x += 4 * Panel.Lanes, t += 4 * Panel.Lanes)
        {
            s0 += Term(x, mean, t, meanTangent);
            s1 += Term(x + Panel.Lanes, mean, t + Panel.Lanes, meanTangent);
            s2 += Term(x + (2 * Panel.Lanes), mean, t + (2 * Panel.Lanes), meanTangent);
            s3 += Term(x + (3 * Panel.Lanes), mean, t + (3 * Panel.Lanes), meanTangent);
        }

        for (; f < count; f++, x += Panel.Lanes, t += Panel.Lanes)
        {
            s0 += Term(x, mean, t, meanTangent);
        }

        return (s0 + s1) + (s2 + s3);
    }

    private static Vector512<float> Term(float* x, Vector512<float> mean, float* t, Vector512<float> meanTangent) =>
        (Vector512.Load(x) - mean) * (Vector512.Load(t) - meanTangent);

    private readonly struct NormalizeWork(
        CpuActivation x, float* weights, float* biases, float epsilon, CpuActivation y, int size, bool center) : IWork
    {
        public void Do(int item, int worker)
        {
            float* values = x.At(0, item);
            float* tangents = x.IsShared ? null : x.At(1, item);
            for (int first = 0; first < x.Features * Panel.Lanes; first += size * Panel.Lanes)
            {
                for (int lane = first; lane < first + Panel.Lanes; lane += Vector512<float>.Count)
                {
                    // Tangents first: x and y may be the same.
                    NormalizeTangents(
                        values + lane, tangents == null ? null : tangents + lane, weights, biases, epsilon, y.At(1, item) + lane, size,
                        center);
                    NormalizeLanes(values + lane, weights, biases, epsilon, y.At(0, item) + lane, size, center);
                }
            }
        }
    }
}
