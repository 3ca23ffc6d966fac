namespace IlZo.Training;

/// <summary>What was measured of gradient estimates at one point.</summary>
/// <param name="Subject">The model and the task, or the function.</param>
/// <param name="Draws">Estimates of each method.</param>
/// <param name="Weights">d, the weights that are trained.</param>
/// <param name="Loss">The loss of the batch at the weights.</param>
/// <param name="Gradient">‖g‖², by derivatives along Gaussian directions: E[(gᵀz)²].</param>
/// <param name="GradientByPart">
/// The same along directions of the tensors of one part of the model alone, or of a block of a function's variables; together they come to
/// ‖g‖², up to their errors.
/// </param>
/// <param name="Methods">The methods.</param>
internal sealed record EstimateReport(
    string Subject,
    int Draws,
    long Weights,
    double Loss,
    SampleMean Gradient,
    IReadOnlyList<(string Part, SampleMean Square)> GradientByPart,
    IReadOnlyList<MeasuredEstimate> Methods);

/// <summary>
/// The estimates ĝ of a method over many draws of its noise, at the same weights and on the same batch, before its rule (momentum, Adam)
/// makes a step of them; where a step has several updates, of the first. Derivatives along ĝ are exact, or where there are none differences
/// over a tenth of the radius.
/// </summary>
/// <param name="Name">The method.</param>
/// <param name="Epsilon">Its radius.</param>
/// <param name="ForwardPasses">Forward passes of an estimate.</param>
/// <param name="Scale">E[ĝ]ᵀg/‖g‖²: 1 for an unbiased estimate.</param>
/// <param name="Bias">
/// What of the scale is there at this radius and not at a tenth of it, with the same noise: the estimate's smoothing bias along g.
/// </param>
/// <param name="SecondMoment">E‖ĝ‖²/‖g‖²: d + 2 for one Gaussian direction on two sides.</param>
/// <param name="Cosine">E[cos(ĝ, g)]: √(2/πd) for one Gaussian direction.</param>
/// <param name="Gain">
/// (E[ĝ]ᵀg)²/(E‖ĝ‖² ‖g‖²) for each forward pass, over mezo's 1/2(d + 2): the decrease that a pass brings at the best rate where the
/// curvature is the same in all directions.
/// </param>
/// <param name="Energy">Which share of E‖ĝ‖² falls to each part of the model.</param>
/// <param name="Skipped">
/// Draws that came to no estimate, because losses were not finite or did not differ. Where fewer than two came to one, nothing is known.
/// </param>
internal sealed record MeasuredEstimate(
    string Name,
    double Epsilon,
    double ForwardPasses,
    SampleMean Scale,
    SampleMean Bias,
    SampleMean SecondMoment,
    SampleMean Cosine,
    double Gain,
    IReadOnlyList<(string Part, double Share)> Energy,
    int Skipped);
