namespace IlZo.Training;

/// <summary>What training minimizes on a batch.</summary>
public enum TrainingObjective
{
    /// <summary>The task's loss, in nats.</summary>
    Loss,

    /// <summary>The negative share of right predictions, which has no gradient (MeZO, section 3.3).</summary>
    Accuracy,

    /// <summary>The negative of the mean F1 of generated answers.</summary>
    F1,
}
