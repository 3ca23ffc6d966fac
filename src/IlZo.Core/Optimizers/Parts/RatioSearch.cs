using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>The search of <see cref="DiZo"/> for the ratios ρ; the equations are there.</summary>
/// <param name="seed">The run's seed.</param>
/// <param name="epsilon">ε_γ.</param>
/// <param name="rate">α.</param>
/// <param name="clip">τ.</param>
/// <param name="iterations">J.</param>
/// <param name="isRatio">Whether probes are in units of the ratio and not of the distance.</param>
internal sealed class RatioSearch(ulong seed, double epsilon, double rate, double clip, int iterations, bool isRatio)
{
    /// <summary>The ratios; 1 for a tensor that has not moved.</summary>
    /// <param name="step">The step.</param>
    /// <param name="tensors">P.</param>
    /// <param name="lengths">s of each.</param>
    /// <param name="losses">The losses of a draw of examples at some candidates.</param>
    public double[] Find(long step, IReadOnlyList<Parameter> tensors, double[] lengths, Func<double[][], int, double[]> losses)
    {
        double[] ratios = [.. lengths.Select(_ => 1.0)];
        if (clip == 0 || lengths.All(s => s == 0))
        {
            return ratios;
        }

        for (int j = 1; j <= iterations; j++)
        {
            double[] zeta = [.. tensors.Select((p, l) => Draw(step, j, p, lengths[l]))];
            double[] both = losses([At(ratios, zeta, lengths, 1), At(ratios, zeta, lengths, -1)], j);
            double slope = (both[0] - both[1]) / (2 * epsilon);
            for (int l = 0; l < ratios.Length; l++)
            {
                ratios[l] = lengths[l] == 0 ? 1 : Limit(ratios[l] - (rate * slope * zeta[l]));
            }
        }

        return ratios;
    }

    private double[] At(double[] ratios, double[] zeta, double[] lengths, int sign) =>
    [
        .. ratios.Select((r, l) => lengths[l] == 0 ? 1
            : isRatio ? Limit(r + (sign * epsilon * zeta[l]))
            : r + (sign * epsilon * zeta[l] / lengths[l])),
    ];

    private double Limit(double ratio) => Math.Clamp(ratio, 1 - clip, 1 + clip);

    private double Draw(long step, int iteration, Parameter tensor, double length)
    {
        Span<float> normal = [0];
        NoiseField.FillNormal(new NoiseKey(seed, NoiseStream.Projection, (uint)step, (uint)iteration), tensor.Id, 0, normal);
        double most = isRatio ? double.PositiveInfinity : clip / epsilon * length;
        return Math.Clamp(normal[0], -most, most);
    }
}
