namespace IlZo.Training;

/// <summary>With what a method is trained after it was tuned.</summary>
/// <param name="LearningRate">Its learning rate.</param>
/// <param name="Epsilon">Its perturbation radius.</param>
/// <param name="Edge">
/// Whether that rate was the lowest (−1) or the highest (1) of several that were tried, so that a better one may lie beyond; else 0.
/// </param>
public sealed record FrozenSetting(double LearningRate, double Epsilon, int Edge = 0);
