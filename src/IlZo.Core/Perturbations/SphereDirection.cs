using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// A uniform point of the sphere of radius √d in the space of all weights: z·√d/‖z‖ with z ~ N(0, I), so that E[δδᵀ] = I.
/// </summary>
/// <remarks>The norm takes one more pass over the noise, by whoever asks first.</remarks>
/// <param name="key">The field the elements are taken from.</param>
/// <param name="parameters">All weights.</param>
public sealed class SphereDirection(NoiseKey key, ParameterSet parameters) : Direction
{
    private readonly GaussianDirection _gaussian = new(key);
    private readonly Lazy<float> _scale = new(() =>
    {
        var z = new GaussianDirection(key);
        return Scale(
            parameters,
            [.. parameters.Trained.Select(p => Enumerable.Range(0, p.Rows).Select(row => RowSums.Square(z, p, row)).ToArray())]);
    });

    private float? _measured;

    internal GaussianDirection Normal => _gaussian;

    internal override bool ReadsWeights => false;

    /// <inheritdoc/>
    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        _gaussian.Fill(parameter, row, column, destination);
        System.Numerics.Tensors.TensorPrimitives.Multiply(destination, _scale.Value, destination);
    }

    /// <summary>√d/‖z‖ by the sums of a device, which are the same there; for one caller at a time.</summary>
    internal float Scale(IWeightSums sums) => _measured ??= Scale(parameters, sums.RowSquares(parameters.Trained, _gaussian));

    private static float Scale(ParameterSet parameters, double[][] squares) =>
        (float)Math.Sqrt(parameters.TrainedCount / squares.Sum(rows => rows.Sum()));
}
