using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>The settings of a training on some models where none are asked for.</summary>
/// <param name="Models">The models.</param>
/// <param name="Trained">What is trained of them: weights, or the name of a kind of adapter.</param>
/// <param name="LearningRate">The rate of <c>mezo</c>; <see cref="LearningRateOf(OptimizerMethod)"/> has those of the other
/// methods.</param>
/// <param name="Epsilon">The perturbation radius of <c>mezo</c>.</param>
/// <param name="BatchSize">Examples a step.</param>
/// <param name="GradientNorm">About the norm of the gradient, which some methods divide by.</param>
/// <param name="MatrixScale">
/// About √(mn/r) of the m×n matrices: by so much a step of mezo's is longer than one along a matrix of rank r whose singular values are the
/// norm of the gradient, which is what methods that divide by singular values make of it.
/// </param>
/// <param name="Source">Where this is from.</param>
internal sealed record Preset(
    string Models, string Trained, double LearningRate, double Epsilon, int BatchSize, double GradientNorm, double MatrixScale,
    string Source)
{
    /// <summary>A method's rate, to two digits.</summary>
    /// <param name="method">The method.</param>
    public double LearningRateOf(OptimizerMethod method) => LearningRateOf(method, LearningRate, EpsilonOf(method));

    /// <summary>The rate of a method where that of <c>mezo</c> and the radius are others than here, to two digits.</summary>
    /// <param name="method">The method.</param>
    /// <param name="ofMezo">The rate that suits <c>mezo</c>.</param>
    /// <param name="epsilon">The radius.</param>
    public double LearningRateOf(
        OptimizerMethod method, double ofMezo, double epsilon) => Rounded(ofMezo * method.RateFactor * method.DividesBy switch
        {
            UpdateDivisor.GradientNorm => GradientNorm,
            UpdateDivisor.LossDeviation => GradientNorm * epsilon,
            UpdateDivisor.SingularValues => GradientNorm * MatrixScale,
            _ => 1,
        });

    /// <summary>A method's radius, to two digits.</summary>
    /// <param name="method">The method.</param>
    public double EpsilonOf(OptimizerMethod method) => Rounded(Epsilon * method.RadiusFactor);

    /// <summary>A number to two digits, which are enough for a rate and can be typed again.</summary>
    internal static double Rounded(double rate) =>
        double.Parse(FormattableString.Invariant($"{rate:E1}"), System.Globalization.CultureInfo.InvariantCulture);
}
