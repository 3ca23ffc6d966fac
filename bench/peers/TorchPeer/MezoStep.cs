using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchPeer;

/// <summary>Steps of MeZO (Malladi et al. 2023, algorithm 1): weights perturbed in place, the noise drawn again from its seed.</summary>
/// <param name="weights">The weights, all of them trained.</param>
/// <param name="loss">The loss at the weights as they are.</param>
internal sealed class MezoStep(IReadOnlyCollection<Tensor> weights, Func<double> loss)
{
    private const float Radius = 1e-3f;
    private const float LearningRate = 1e-7f;

    /// <summary>Seconds that perturbing and updating weights has taken since <see cref="Reset"/>.</summary>
    public double UpdateSeconds { get; private set; }

    /// <summary>Seconds that losses have taken since <see cref="Reset"/>.</summary>
    public double ForwardSeconds { get; private set; }

    /// <summary>Begins to count from zero.</summary>
    public void Reset() => (UpdateSeconds, ForwardSeconds) = (0, 0);

    /// <summary>One step.</summary>
    /// <param name="seed">The seed of its noise.</param>
    public void Run(int seed)
    {
        double difference = Difference(seed);
        Change(seed, -LearningRate * (float)(difference / (2 * Radius)));
    }

    /// <summary>The loss at one side minus that at the other, in nats; the weights are as before except for rounding.</summary>
    /// <param name="seed">The seed of the noise.</param>
    public double Difference(int seed)
    {
        Change(seed, Radius);
        double plus = Loss();
        Change(seed, -2 * Radius);
        double minus = Loss();
        Change(seed, Radius);
        return plus - minus;
    }

    private void Change(int seed, float scale)
    {
        long start = Stopwatch.GetTimestamp();
        manual_seed(seed);
        foreach (var weight in weights)
        {
            using var scope = NewDisposeScope();
            weight.add_(randn(weight.shape), alpha: scale);
        }

        UpdateSeconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private double Loss()
    {
        long start = Stopwatch.GetTimestamp();
        double result = loss();
        ForwardSeconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
        return result;
    }
}
