using IlZo.Arithmetic;

namespace IlZo.Training;

/// <summary>
/// The learning rate of each step: a rise in equal parts over the warm-up, then the base rate η times 1 (constant), 1 − p (linear)
/// or (1 + cos πp)/2 (cosine), where p goes from 0 at the first step after the warm-up to 1 after the last step.
/// </summary>
/// <param name="Shape">How it changes.</param>
/// <param name="Rate">η.</param>
/// <param name="Warmup">Steps of the warm-up.</param>
/// <param name="Steps">Steps of the run.</param>
internal sealed record LearningRateSchedule(ScheduleShape Shape, double Rate, int Warmup, long Steps)
{
    /// <summary>Whether the rates of the first steps depend on how many there will be.</summary>
    public static bool DependsOnSteps(ScheduleShape shape) => shape != ScheduleShape.Constant;

    /// <summary>The rate of a step.</summary>
    /// <param name="step">The step, counted from 1.</param>
    public double At(long step)
    {
        if (step <= Warmup)
        {
            return Rate * step / Warmup;
        }

        double progress = (double)(step - 1 - Warmup) / (Steps - Warmup);
        return Shape switch
        {
            ScheduleShape.Linear => Rate * (1 - progress),
            ScheduleShape.Cosine => Rate * 0.5 * (1 + ElementaryFunctions.Cos(Math.PI * progress)),
            _ => Rate,
        };
    }
}
